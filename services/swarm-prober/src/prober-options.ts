// What the prober is given: its sources of peers, its clock and chance, its limits and policies.
import type { Endpoint, Random } from '@swarmscope/bittorrent/machine.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Agenda } from './agenda.ts';
import type { Census } from './census.ts';
import type { Publisher } from './publish.ts';
import type { Scores } from './scores.ts';
import type { ProberBudgets, ProberTimes } from './settings.ts';
import type { Share } from './share.ts';
import type { ProbedSwarm, SwarmView } from './swarm.ts';

/** Asks the outside for peers of a swarm; answers come back through `sighted` and the census' `settle`. */
export interface Sources {
  /** No further swarm should be asked for just now, unless it is a watched one; when that ends, `pump` is called. */
  isBusy(isWatched: boolean): boolean;
  /** This infohash was met: `overheard` follows when peers of it can be had without a lookup. False: not now, `heardOut` follows. */
  want(infoHash: string): boolean;
  /** All sources of one name of the swarm. */
  ask(view: SwarmView, census: Census, now: number): void;
  /** Somebody of this swarm was reached, for the first time in this census. */
  reached(view: SwarmView, census: Census, now: number): void;
  /** No DHT and no PEX any more for this swarm: it is private. */
  hush(swarm: ProbedSwarm): void;
  /** A census is over: what is still under way for it is of no use. */
  end(swarm: ProbedSwarm): void;
}

export interface ProberOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly agenda: Agenda;
  readonly publisher: Publisher;
  readonly scores: Scores;
  readonly times: ProberTimes;
  readonly budgets: ProberBudgets;
  /** Whether an address that somebody told us may be dialled. */
  admits(endpoint: Endpoint): boolean;
  isOwnEndpoint(endpoint: Endpoint): boolean;
  /** Whether a swarm (hex) is never probed: the takedown list. */
  readonly refuses?: (infoHash: string) => boolean;
  readonly verify: 'watched' | 'all' | 'none';
  readonly announce: 'watched' | 'all' | 'none';
  reachableSelf(): boolean | undefined;
  readonly share: Share;
  /** Kept when the bus takes measurements; a census waits for it. */
  room(): Promise<void>;
  readonly onInvariant: (error: unknown) => void;
}
