// One peer of a lab swarm: what it truly has at any time, whoever asks. Its conversations are in peer-session.ts.

import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Bitfield } from '@swarmscope/bittorrent/peer/bitfield.ts';
import type { Content } from './content.ts';
import { mix32, shuffled } from './mix.ts';
import { KIND_RULES, type PeerKind, type PeerKindRule, type Verdict } from './peer-kind.ts';

/** Pieces gained while time passes: one each `everyMs` from `startMs` on, until `limit` are there. */
export interface Progress {
  readonly startMs: number;
  readonly everyMs: number;
  readonly limit: number;
}

export interface LabPeerPlan {
  readonly kind: PeerKind;
  readonly content: Content;
  readonly endpoint: Endpoint;
  readonly seed: number;
  /** The pieces in the order in which it gets them; its first `has` it has from the start. Drawn from the seed when not given. */
  readonly order?: Uint32Array;
  /** All when not given. */
  readonly has?: number;
  readonly progress?: Progress;
  /** Knows the fast extension (BEP 6): shows `have_all`, rejects. Without it a plain bitfield. */
  readonly fast?: boolean;
  /** How long it keeps who is interested waiting. */
  readonly unchokeMs?: number;
  /** Nobody gets through to it; it dials who announces. */
  readonly nat?: boolean;
}

/** What is there at a time is a function of the time, so that the truth is the same for who serves and for who keeps the log. */
export class LabPeer {
  readonly plan: LabPeerPlan;
  readonly rule: PeerKindRule;
  readonly peerId: Uint8Array;
  readonly order: Uint32Array;
  /** At which place of `order` each piece stands. */
  readonly #rank: Uint32Array;

  constructor(plan: LabPeerPlan) {
    this.plan = plan;
    this.rule = KIND_RULES[plan.kind];
    this.order = plan.order ?? shuffled(plan.content.pieces, plan.seed);
    this.#rank = new Uint32Array(plan.content.pieces);
    for (const [place, piece] of this.order.entries()) this.#rank[piece] = place;
    const name = `-SL0001-${mix32(plan.seed, 1).toString(36).padStart(7, '0')}${mix32(plan.seed, 2).toString(36).padStart(7, '0')}`;
    this.peerId = new TextEncoder().encode(name.slice(0, 20).padEnd(20, '0'));
  }

  /** Monotonic milliseconds as the session has them. */
  count(now: number): number {
    const { has = this.plan.content.pieces, progress } = this.plan;
    if (!progress || now < progress.startMs) return has;
    return Math.min(Math.max(progress.limit, has), has + Math.floor((now - progress.startMs) / progress.everyMs));
  }

  /** When the next piece comes; Infinity when none will. */
  nextGainMs(now: number): number {
    const { has = this.plan.content.pieces, progress } = this.plan;
    if (!progress || this.count(now) >= progress.limit) return Number.POSITIVE_INFINITY;
    return progress.startMs + (this.count(now) - has + 1) * progress.everyMs;
  }

  has(piece: number, now: number): boolean {
    return this.#rank[piece]! < this.count(now);
  }

  /** At which place of its order a piece stands. */
  place(piece: number): number {
    return this.#rank[piece]!;
  }

  isComplete(now: number): boolean {
    return this.count(now) === this.plan.content.pieces;
  }

  /** What it shows when a conversation begins. */
  shown(now: number): Bitfield {
    const { pieces } = this.plan.content;
    if (this.rule.claimsAll) return new Bitfield(pieces, true);
    const field = new Bitfield(pieces);
    if (this.plan.kind === 'super_seeder') return field;
    for (const piece of this.order.subarray(0, this.count(now))) field.set(piece);
    return field;
  }

  /** The verdicts that are right at `now`. Behind a NAT it is met only if it has dialled. */
  verdicts(now: number): readonly Verdict[] {
    const seen = this.isComplete(now) ? this.rule.complete : this.rule.incomplete;
    return this.plan.nat ? [...seen, 'unreachable'] : seen;
  }

  /** Whether whoever asks long enough surely sees and gets all that it has. */
  get isOpen(): boolean {
    return this.rule.open && this.plan.nat !== true;
  }
}
