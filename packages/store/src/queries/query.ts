// What a named question is.

export interface NamedQuery {
  /** `swarmscope query NAME`. */
  readonly name: string;
  readonly title: string;
  /** The question as a person asks it, and what the answer can and cannot say. */
  readonly question: string;
  /** Defaults of its parameters (`{name:Type}` in the SQL). */
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly sql: string;
}

/** The swarm that a question is about: its 40 hex digits, or the one sampled last when empty. */
export const THE_SWARM = `swarm_id = if({swarm:String} = '', (SELECT argMax(swarm_id, ts) FROM swarm_latest), toFixedString(unhex({swarm:String}), 20))`;
