// What the probes are made of: one dial or session with its peer and swarm, what they need from outside, what they count.
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import type { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import { HostBudget, type Permit } from '@swarmscope/runtime/host-budget.ts';
import type { Conversation } from '@swarmscope/runtime/tcp.ts';
import type { Task } from './agenda.ts';
import type { Census } from './census.ts';
import type { DiallerOptions } from './dialler.ts';
import type { Peer } from './peer.ts';
import type { ProberBudgets, ProberTimes } from './settings.ts';
import type { SwarmView } from './swarm.ts';

export interface ProbeCounters {
  dialled: number;
  handshaken: number;
  inbound: number;
  challengesPassed: number;
  challengesFailed: number;
  useless: number;
}

export interface ProbesOptions extends DiallerOptions {
  readonly times: ProberTimes;
  readonly budgets: ProberBudgets;
  readonly peerId: Uint8Array;
  /** Whether a peer id is that of a prober of ours. */
  isOwn(peerId: Uint8Array): boolean;
  readonly client: string;
  listenPort(): number | undefined;
}

/** One dial or session. `view` is undefined until an inbound peer has said what it wants. */
export interface Live {
  view: SwarmView | undefined;
  census: Census | undefined;
  readonly peer: Peer;
  /** Of a dial: the one of its last attempt. */
  session: PeerSession;
  conversation: Conversation<PeerSession, PeerFact> | undefined;
  readonly task: Task;
  fetching: boolean;
  /** A relay was asked to introduce us. */
  isPunched: boolean;
  readonly permit: Permit;
}

/** One host may be dialled so often at once, before its rate holds. */
const HOST_BURST = 8;
/** Hosts whose rate is remembered. */
const HOSTS_MAX = 100_000;

/** Dials of one host and of all. */
export function hostBudgetOf({ sessions, dialsPerSecond, perHost, hostDialsPerSecond }: ProberBudgets, now: number): HostBudget {
  return new HostBudget(
    {
      hostPerSecond: hostDialsPerSecond,
      hostBurst: Math.max(HOST_BURST, 2 * hostDialsPerSecond),
      hostConcurrent: perHost,
      perSecond: dialsPerSecond,
      burst: 2 * dialsPerSecond,
      concurrent: sessions,
      hostsMax: HOSTS_MAX,
    },
    now,
  );
}
