// What a named question is, and the pieces of SQL that several of them share.

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
export const THE_SWARM = `swarm_id = if({swarm:String} = '', (SELECT swarm_id FROM swarm_latest ORDER BY ts DESC, swarm_id LIMIT 1), toFixedString(unhex({swarm:String}), 20))`;

/** Whole days, today included, in UTC. */
export function lastDays(date: string): string {
  return `${date} > toDate(now('UTC')) - {days:UInt16}`;
}

/** The program of a client text: its name without the version. */
export function programOf(client: string): string {
  return `trimRight(splitByRegexp('[ /]v?[0-9]', ${client})[1])`;
}

/** Names of torrents, to be joined by network and swarm_id. */
export const NAMES = `(SELECT network, swarm_id, name FROM torrent_latest FINAL)`;

/** The order of precedence of verdicts. */
export const VERDICT_ORDER = `indexOf(['liar_corrupt', 'liar_missing', 'proved', 'choked', 'claimed', 'super_seeder', 'partial_seed', 'leecher', 'unknown', 'unreachable'], verdict)`;
