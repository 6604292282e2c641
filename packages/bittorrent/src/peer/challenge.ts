// One piece, or one leaf of it, asked of one peer, whole and from nobody else, so that its hash speaks for or against this peer alone.
import { BLOCK_BYTES, type BlockMessage } from './messages.ts';

// waiting -> asked       unchoked (or the piece is allowed fast): requests go out, at most `depth` at a time
// asked   -> waiting     the peer chokes: what is outstanding is void (BEP 3), what has arrived stays
// asked   -> refused     REJECT while we are unchoked; asked again once after `retryMs`
// refused -> asked       the second time a REJECT ends it: `rejected`
// asked   -> (end)       whole: `passed` or `failed`;  no block for `timeoutMs`: `silent`
//
// A choking peer sends CHOKE before its REJECTs (BEP 6), so that those find the challenge waiting and prove nothing.

/** `unchecked`: the peer gave no hashes to check it with (BEP 52), and was not asked for the piece. That says nothing for or against it. */
export type ChallengeResult = 'passed' | 'failed' | 'rejected' | 'silent' | 'unchecked';

/** What is asked for: all of a piece, or a part of it that begins at a block. */
export interface Part {
  readonly piece: number;
  readonly begin: number;
  readonly bytes: number;
}

export interface ChallengeTimes {
  /** Without a block for this long, while asked, it is `silent`. */
  readonly timeoutMs: number;
  /** Between a first REJECT and the second question. */
  readonly retryMs: number;
}

type State = 'waiting' | 'asked' | 'refused';

export class Challenge {
  readonly piece: number;
  readonly bytes: number;
  readonly #begin: number;
  readonly #times: ChallengeTimes;
  readonly #spare: (bytes: number) => Uint8Array | undefined;
  readonly #blocks: number;
  /** 0 not asked, 1 asked, 2 here. */
  readonly #marks: Uint8Array;
  #data: Uint8Array | undefined;
  #here = 0;
  #outstanding = 0;
  #state: State = 'waiting';
  #rejects = 0;
  #due = Number.POSITIVE_INFINITY;
  #askedAt: number | undefined;

  /** `spare`: memory for the blocks, if there is some. */
  constructor(
    { piece, begin, bytes }: Part,
    times: ChallengeTimes,
    spare: (bytes: number) => Uint8Array | undefined = () => undefined,
  ) {
    this.#spare = spare;
    this.piece = piece;
    this.bytes = bytes;
    this.#begin = begin;
    this.#times = times;
    this.#blocks = Math.ceil(bytes / BLOCK_BYTES);
    this.#marks = new Uint8Array(this.#blocks);
  }

  get state(): State {
    return this.#state;
  }

  /** When the first request went out; undefined while none has. */
  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  /** When `tick` is wanted. */
  get due(): number {
    return this.#due;
  }

  /** The requests that may go out now, `depth` outstanding at most. Call it when unchoked, and after each block. */
  requests(depth: number, now: number): BlockMessage[] {
    if (this.#state === 'refused' && now < this.#due) return [];
    const requests: BlockMessage[] = [];
    for (let i = 0; i < this.#blocks && this.#outstanding < depth; i++) {
      if (this.#marks[i] !== 0) continue;
      this.#marks[i] = 1;
      this.#outstanding++;
      requests.push(this.#request(i));
    }
    if (requests.length === 0) return requests;
    this.#askedAt ??= now;
    if (this.#state !== 'asked') this.#due = now + this.#times.timeoutMs;
    this.#state = 'asked';
    return requests;
  }

  /** A block came: `whole` when it was the last one. Anything that was not asked for is `useless`. */
  take(begin: number, block: Uint8Array, now: number): 'taken' | 'whole' | 'useless' {
    const index = this.#indexOf(begin);
    if (index === undefined || this.#marks[index] === 2) return 'useless';
    if (block.length !== this.#length(index)) return 'useless';
    if (this.#marks[index] === 1) this.#outstanding--;
    else if (this.#askedAt === undefined) return 'useless';
    this.#data ??= this.#spare(this.bytes) ?? new Uint8Array(this.bytes);
    this.#data.set(block, begin - this.#begin);
    this.#marks[index] = 2;
    this.#here++;
    this.#due = now + this.#times.timeoutMs;
    return this.#here === this.#blocks ? 'whole' : 'taken';
  }

  /** What was asked for; only after `whole`. */
  get data(): Uint8Array {
    return this.#data ?? new Uint8Array(0);
  }

  /** The peer choked us: what is outstanding is void. */
  choked(): void {
    this.#forget();
    this.#state = 'waiting';
    this.#due = Number.POSITIVE_INFINITY;
  }

  /** A REJECT. `rejected` ends the challenge, `useless` was about nothing that we asked. */
  reject(begin: number, now: number): 'waiting' | 'rejected' | 'useless' {
    if (this.#state !== 'asked') return this.#state === 'waiting' ? 'waiting' : 'useless';
    const index = this.#indexOf(begin);
    if (index === undefined || this.#marks[index] !== 1) return 'useless';
    this.#forget();
    if (++this.#rejects > 1) return 'rejected';
    this.#state = 'refused';
    this.#due = now + this.#times.retryMs;
    return 'waiting';
  }

  /** `ask`: call `requests` again. `silent`: it ends. */
  tick(now: number): 'ask' | 'silent' | undefined {
    if (now < this.#due) return undefined;
    return this.#state === 'refused' ? 'ask' : 'silent';
  }

  #forget(): void {
    for (let i = 0; i < this.#blocks; i++) if (this.#marks[i] === 1) this.#marks[i] = 0;
    this.#outstanding = 0;
  }

  #indexOf(begin: number): number | undefined {
    const index = (begin - this.#begin) / BLOCK_BYTES;
    return Number.isInteger(index) && index >= 0 && index < this.#blocks ? index : undefined;
  }

  #length(index: number): number {
    return Math.min(BLOCK_BYTES, this.bytes - index * BLOCK_BYTES);
  }

  #request(index: number): BlockMessage {
    return { type: 'request', index: this.piece, begin: this.#begin + index * BLOCK_BYTES, length: this.#length(index) };
  }
}
