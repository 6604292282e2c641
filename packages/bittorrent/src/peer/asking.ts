// The taking side of a session: one challenge at a time, asked when the peer lets us (unchoked, or allowed fast: BEP 6), and what comes of it.
import type { SessionOut } from '../machine.ts';
import { Challenge, type ChallengeResult, type ChallengeTimes } from './challenge.ts';
import type { Judgement } from './extended.ts';
import type { PeerFact } from './facts.ts';
import { encodeMessage, type Message } from './messages.ts';
import type { Swarm } from './swarm.ts';

/** Pieces that a peer lets us have while it chokes us; BEP 6 suggests 10. */
const MAX_ALLOWED_FAST = 64;
/** Requests in flight: enough for a long line, few enough for every client. */
const MAX_DEPTH = 32;

type Out = SessionOut<PeerFact>;

export class Asking {
  readonly #swarm: () => Swarm;
  readonly #queue: () => number;
  readonly #times: ChallengeTimes;
  readonly allowedFast = new Set<number>(); // bound: MAX_ALLOWED_FAST
  #challenge: Challenge | undefined;
  /** Piece whose challenge was given up: blocks of it that are still on the way are no fault. */
  #abandoned = -1;
  #choked = true;
  #interested = false;
  /** Payload of pieces that were asked for, in bytes. */
  bytesDown = 0;

  /** `queue`: how many requests the peer says that it holds. */
  constructor(swarm: () => Swarm, queue: () => number, times: ChallengeTimes) {
    this.#swarm = swarm;
    this.#queue = queue;
    this.#times = times;
  }

  get isChoked(): boolean {
    return this.#choked;
  }

  get isBusy(): boolean {
    return this.#challenge !== undefined;
  }

  get due(): number {
    return this.#challenge?.due ?? Number.POSITIVE_INFINITY;
  }

  /** Begins a challenge; the caller knows that none is under way and that the peer shows the piece. */
  begin(piece: number, now: number, out: Out): void {
    this.#challenge = new Challenge(piece, this.#swarm().layout!.pieceBytes(piece), this.#times, now);
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
    if (choked && this.#challenge && !this.allowedFast.has(this.#challenge.piece)) this.#challenge.choked();
    out.emit({ type: choked ? 'choked' : 'unchoked' });
    this.#ask(now, out);
    return undefined;
  }

  /** ALLOWED_FAST. */
  allow(index: number, now: number, out: Out): Judgement {
    if (this.allowedFast.size < MAX_ALLOWED_FAST) this.allowedFast.add(index);
    this.#ask(now, out);
    return undefined;
  }

  /** PIECE. */
  block(index: number, begin: number, block: Uint8Array, now: number, out: Out): Judgement {
    const challenge = this.#challenge;
    if (challenge?.piece !== index) return index === this.#abandoned ? undefined : { useless: 'block_unasked' };
    const taken = challenge.take(begin, block, now);
    if (taken === 'useless') return { useless: 'block_unasked' };
    this.bytesDown += block.length;
    if (taken === 'taken') this.#ask(now, out);
    else this.#check(challenge, now, out);
    return undefined;
  }

  /** REJECT. What a choking peer refuses, it may refuse; only a refusal while we are unchoked says that it lacks what it claims. */
  reject(index: number, begin: number, now: number, out: Out): Judgement {
    const challenge = this.#challenge;
    if (challenge?.piece !== index) return index === this.#abandoned ? undefined : { useless: 'reject_unasked' };
    if (this.#choked) {
      this.allowedFast.delete(index);
      challenge.choked();
      return undefined;
    }
    const judged = challenge.reject(begin, now);
    if (judged === 'useless') return { useless: 'reject_unasked' };
    if (judged === 'rejected') this.#end('rejected', now, out);
    return undefined;
  }

  tick(now: number, out: Out): void {
    const wanted = this.#challenge?.tick(now);
    if (wanted === 'ask') this.#ask(now, out);
    else if (wanted === 'silent') this.#end('silent', now, out);
  }

  #check(challenge: Challenge, now: number, out: Out): void {
    const fits = this.#swarm().layout!.verify(challenge.piece, challenge.data);
    // Whose hash is not known must not be asked for: a verdict would come of it.
    if (fits === undefined) throw new Error(`the hash of piece ${challenge.piece} is not known`);
    this.#end(fits ? 'passed' : 'failed', now, out);
  }

  /** Sends the requests that may go out now. */
  #ask(now: number, out: Out): void {
    const challenge = this.#challenge;
    if (!challenge || (this.#choked && !this.allowedFast.has(challenge.piece))) return;
    const depth = Math.max(1, Math.min(MAX_DEPTH, this.#queue()));
    for (const request of challenge.requests(depth, now)) send(request, out);
  }

  #end(result: ChallengeResult, now: number, out: Out): void {
    const challenge = this.#challenge!;
    this.#challenge = undefined;
    this.#abandoned = challenge.piece;
    if (result === 'silent') for (const cancel of challenge.cancels()) send(cancel, out);
    const ms = challenge.askedAt === undefined ? 0 : now - challenge.askedAt;
    out.emit({ type: 'challenge', piece: challenge.piece, result, ms, data: result === 'passed' ? challenge.data : undefined });
  }
}

function send(message: Message, out: Out): void {
  out.write(encodeMessage(message));
}
