// The taking side of a session: one challenge at a time, asked when the peer lets us (unchoked, or allowed fast: BEP 6), and what comes of it.

import { sha256 } from '../hash.ts';
import { equalBytes } from '../hex.ts';
import type { SessionOut } from '../machine.ts';
import { HASH_BYTES } from '../merkle.ts';
import { Challenge, type ChallengeResult } from './challenge.ts';
import type { Judgement } from './extended.ts';
import type { PeerFact, SessionTimes } from './facts.ts';
import { type HashAnswer, HashExchange } from './hashes.ts';
import { encodeMessage, type HashRange, type Message } from './messages.ts';
import { FLAP_MS } from './patience.ts';
import type { LeafPlan, Swarm } from './swarm.ts';

// A challenge that cannot be checked yet (v2) begins with the question for the hashes; blocks are asked for when they are here. A peer that
// gives none ends it as `unchecked`, so that nothing is ever taken that could neither pass nor fail.
//
// A silent challenge is not cancelled: it becomes a late one, and may still pass or fail. Peers answer in the order of the questions and TCP keeps it, so that
// a later piece that arrives while an earlier one does not is what tells a peer that withholds from a line that is slow.

/** Pieces that a peer lets us have while it chokes us; BEP 6 suggests 10. */
const MAX_ALLOWED_FAST = 64;
/** Requests in flight: enough for a long line, few enough for every client. */
const MAX_DEPTH = 32;
/** Silent challenges whose blocks are still taken: as many as silences are remembered (silence.ts), or a late one would look like a missing one. */
const MAX_LATE = 8;

const NO_PIECES: ReadonlySet<number> = new Set(); // bound: empty

type Out = SessionOut<PeerFact>;

/** What is asked for. `leaf` with its hash once it is known; no leaf: the whole piece. */
interface Question {
  readonly challenge: Challenge;
  readonly leaf: { readonly index: number; readonly plan: LeafPlan; hash: Uint8Array | undefined } | undefined;
}

export class Asking {
  readonly #swarm: () => Swarm;
  readonly #peer: { readonly queue: number };
  readonly #times: SessionTimes;
  #allowedFast: Set<number> | undefined; // bound: MAX_ALLOWED_FAST
  #hashes: HashExchange | undefined;
  #open: Question | undefined;
  /** Those that were silent, by piece. */
  #late: Map<number, Question> | undefined; // bound: MAX_LATE
  /** Piece whose challenge was given up: blocks of it that are still on the way are no fault. */
  #abandoned = -1;
  #choked = true;
  #chokedAt = Number.NEGATIVE_INFINITY;
  #interested = false;
  /** Payload of pieces that were asked for, in bytes. */
  bytesDown = 0;

  /** `peer.queue`: how many requests the peer says that it holds. */
  constructor(swarm: () => Swarm, peer: { readonly queue: number }, times: SessionTimes) {
    this.#swarm = swarm;
    this.#peer = peer;
    this.#times = times;
  }

  /** Pieces it would give while choking. */
  get allowedFast(): ReadonlySet<number> {
    return this.#allowedFast ?? NO_PIECES;
  }

  get hashes(): HashExchange {
    this.#hashes ??= new HashExchange(this.#swarm, this.#times.challengeMs);
    return this.#hashes;
  }

  get isChoked(): boolean {
    return this.#choked;
  }

  get isBusy(): boolean {
    return this.#open !== undefined;
  }

  get due(): number {
    const challengeDue = this.#open?.challenge.due ?? Number.POSITIVE_INFINITY;
    return this.#hashes ? Math.min(challengeDue, this.#hashes.due) : challengeDue;
  }

  /** Begins a challenge, of a piece or of one leaf of it; the caller knows that none is under way and that the peer shows the piece. */
  begin(piece: number, leaf: number | undefined, now: number, out: Out): void {
    const layout = this.#swarm().layout!;
    const plan = leaf === undefined ? undefined : layout.leaf?.(piece, leaf);
    const times = { timeoutMs: this.#times.challengeMs, retryMs: this.#times.rejectRetryMs };
    const part = { piece, ...(plan ?? { begin: 0, bytes: layout.pieceBytes(piece) }) };
    const challenge = new Challenge(part, times, (bytes) => this.#swarm().pieces.spare?.(bytes));
    this.#late?.delete(piece);
    this.#open = { challenge, leaf: plan && { index: leaf!, plan, hash: undefined } };
    const question = plan ? plan.question : layout.hashesFor?.(piece);
    if (question) this.hashes.ask(question, now, out);
    if (!this.#interested) {
      this.#interested = true;
      send({ type: 'interested' }, out);
    }
    this.#ask(now, out);
  }

  /** CHOKE and UNCHOKE. */
  setChoked(choked: boolean, now: number, out: Out): Judgement {
    if (choked === this.#choked) return { useless: 'repeated_state' };
    this.#choked = choked;
    const challenge = this.#open?.challenge;
    if (choked && challenge && !this.allowedFast.has(challenge.piece)) challenge.choked();
    out.emit({ type: choked ? 'choked' : 'unchoked' });
    this.#ask(now, out);
    const isFlapping = now < this.#chokedAt + FLAP_MS;
    this.#chokedAt = now;
    return isFlapping ? { useless: 'flapping_state' } : undefined;
  }

  /** ALLOWED_FAST. */
  allow(index: number, now: number, out: Out): Judgement {
    this.#allowedFast ??= new Set();
    if (this.#allowedFast.size < MAX_ALLOWED_FAST) this.#allowedFast.add(index);
    this.#ask(now, out);
    return undefined;
  }

  /** PIECE. */
  block(index: number, begin: number, block: Uint8Array, now: number, out: Out): Judgement {
    const question = this.#open?.challenge.piece === index ? this.#open : this.#late?.get(index);
    if (!question) return index === this.#abandoned ? undefined : { useless: 'block_unasked' };
    const taken = question.challenge.take(begin, block, now);
    if (taken === 'useless') return { useless: 'block_unasked' };
    this.bytesDown += block.length;
    if (taken === 'whole') this.#check(question, now, out);
    else if (question === this.#open) this.#ask(now, out);
    return undefined;
  }

  /** REJECT. What a choking peer refuses, it may refuse; only a refusal while we are unchoked says that it lacks what it claims. */
  reject(index: number, begin: number, now: number, out: Out): Judgement {
    const challenge = this.#open?.challenge;
    if (challenge?.piece !== index)
      return index === this.#abandoned || this.#late?.has(index) ? undefined : { useless: 'reject_unasked' };
    if (this.#choked) {
      this.#allowedFast?.delete(index);
      challenge.choked();
      return undefined;
    }
    const judged = challenge.reject(begin, now);
    if (judged === 'useless') return { useless: 'reject_unasked' };
    if (judged === 'rejected') this.#end(this.#open!, 'rejected', now, out);
    return undefined;
  }

  /** HASHES. */
  takeHashes(message: HashAnswer, now: number, out: Out): Judgement {
    const taken = this.hashes.take(message);
    if (taken !== 'answered') return taken;
    const leaf = this.#open?.leaf;
    if (leaf) leaf.hash = message.hashes.slice(leaf.plan.at, leaf.plan.at + HASH_BYTES);
    else this.#swarm().layout!.addHashes?.(message, message.hashes);
    this.#ask(now, out);
    return undefined;
  }

  /** HASH_REJECT. */
  rejectHashes(range: HashRange, now: number, out: Out): Judgement {
    if (!this.hashes.reject(range)) return { useless: 'hashes_unasked' };
    this.#end(this.#open!, 'unchecked', now, out);
    return undefined;
  }

  tick(now: number, out: Out): void {
    if (this.#hashes?.tick(now)) this.#end(this.#open!, 'unchecked', now, out);
    const question = this.#open;
    const wanted = question?.challenge.tick(now);
    if (wanted === 'ask') this.#ask(now, out);
    else if (wanted === 'silent') {
      this.#end(question!, 'silent', now, out);
      this.#delay(question!);
    }
  }

  /** Its blocks may still come. Those that wait longest stay: what is said of them rests on it. */
  #delay(question: Question): void {
    this.#late ??= new Map();
    if (this.#late.size < MAX_LATE) this.#late.set(question.challenge.piece, question);
  }

  #check(question: Question, now: number, out: Out): void {
    const { challenge, leaf } = question;
    const { piece, data } = challenge;
    const fits = leaf
      ? equalBytes(sha256(data), leaf.hash!)
      : // The hash was known when the piece was asked for; that of a very long file may have gone since.
        this.#swarm().layout!.verify(piece, data);
    this.#end(question, fits === undefined ? 'unchecked' : fits ? 'passed' : 'failed', now, out);
  }

  /** Sends the requests that may go out now. */
  #ask(now: number, out: Out): void {
    const challenge = this.#open?.challenge;
    if (!challenge || this.#hashes?.isBusy || (this.#choked && !this.allowedFast.has(challenge.piece))) return;
    const depth = Math.max(1, Math.min(MAX_DEPTH, this.#peer.queue));
    for (const request of challenge.requests(depth, now)) send(request, out);
  }

  #end(question: Question, result: ChallengeResult, now: number, out: Out): void {
    const { challenge, leaf } = question;
    if (question === this.#open) this.#open = undefined;
    this.#late?.delete(challenge.piece);
    this.#abandoned = challenge.piece;
    const ms = challenge.askedAt === undefined ? 0 : now - challenge.askedAt;
    const data = result === 'passed' && !leaf ? challenge.data : undefined;
    out.emit({ type: 'challenge', piece: challenge.piece, leaf: leaf?.index, result, ms, data });
  }
}

function send(message: Message, out: Out): void {
  out.write(encodeMessage(message));
}
