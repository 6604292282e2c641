// What a DHT node is told at its start, and what it counts.
import type { Family } from '../endpoint.ts';
import type { Endpoint, Random } from '../machine.ts';
import type { AnswerLimits } from './answer-budget.ts';
import type { PaceLimits } from './pace.ts';
import type { StoreLimits } from './peer-store.ts';
import type { TableCaps } from './table.ts';

export interface DhtNodeOptions {
  readonly family: Family;
  /** 20 bytes. */
  readonly id: Uint8Array;
  /** Unpredictable to remotes: transaction ids and tokens come from it. */
  readonly random: Random;
  /** `v`, 4 bytes by custom; default 'SW' and two zero bytes. */
  readonly version?: Uint8Array;
  /** Answer nothing, and say so (BEP 43). Default false. */
  readonly readOnly?: boolean;
  /** The bogon guard: whether anything may be sent there. */
  readonly admits: (endpoint: Endpoint) => boolean;
  readonly pace?: Partial<PaceLimits>;
  readonly answers?: Partial<AnswerLimits>;
  readonly store?: Partial<StoreLimits>;
  readonly caps?: TableCaps;
  /** What counts as one host for all limits; default the IPv4 address or the IPv6 /64. A laboratory on one address takes `endpointKey`. */
  readonly hostOf?: (endpoint: Endpoint) => string;
  /** BEP 51 interval that we ask for. Every answer is drawn anew, so a short one is honest. */
  readonly sampleIntervalS?: number;
  readonly timeoutMs?: number;
  /** Whether an announce to us is kept and given to others; by default every one. */
  readonly keeps?: (infoHash: Uint8Array) => boolean;
}

export const DEFAULTS = {
  version: Uint8Array.of(0x53, 0x57, 0, 0),
  timeoutMs: 4_000,
  openMax: 16_384,
  sampleIntervalS: 300,
} as const;

export interface DhtCounters {
  /** Questions sent, and what became of them. */
  asked: number;
  answered: number;
  refused: number;
  unanswered: number;
  /** Queries of others. */
  queries: number;
  /** Queries dropped because the budget was used up. */
  dropped: number;
  /** Replies to questions that we never asked. */
  unasked: number;
  malformed: number;
}

/** All zero. */
export function zeroCounters(): DhtCounters {
  return { asked: 0, answered: 0, refused: 0, unanswered: 0, queries: 0, dropped: 0, unasked: 0, malformed: 0 };
}
