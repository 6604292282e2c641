// Fetching the info dictionary from one peer (BEP 9): a few blocks in flight, each with a deadline; what it sends is checked as a whole.
import { Malformed } from '../malformed.ts';
import { MAX_METADATA_BYTES, MetadataAssembly, type MetadataMessage } from './metadata.ts';

/** Blocks in flight: libtorrent drops peers that ask for more than a few at once. */
const DEPTH = 4;

/** Why a peer gave no metadata. */
export type MetadataFailure = 'too_large' | 'rejected' | 'timeout' | 'malformed' | 'bad_hash';

export class MetadataFetch {
  readonly #assembly: MetadataAssembly;
  readonly #timeoutMs: number;
  readonly #asked = new Set<number>(); // bound: DEPTH
  #next = 0;
  #due = Number.POSITIVE_INFINITY;

  constructor(totalBytes: number, timeoutMs: number) {
    this.#assembly = new MetadataAssembly(totalBytes);
    this.#timeoutMs = timeoutMs;
  }

  /** Whether a size that a peer names is worth asking for. */
  static accepts(totalBytes: number): boolean {
    return totalBytes > 0 && totalBytes <= MAX_METADATA_BYTES;
  }

  /** Without a block until then it has failed. */
  get due(): number {
    return this.#due;
  }

  /** The blocks to ask for now. */
  requests(now: number): number[] {
    const pieces: number[] = [];
    while (this.#asked.size < DEPTH && this.#next < this.#assembly.blocks) {
      this.#asked.add(this.#next);
      pieces.push(this.#next++);
    }
    if (pieces.length > 0) this.#due = now + this.#timeoutMs;
    return pieces;
  }

  /** An answer. `useless`: not asked for, or a second time. The bytes of the whole when it is complete. */
  take(message: MetadataMessage, now: number): 'taken' | 'useless' | MetadataFailure | Uint8Array {
    if (message.type === 'request' || !this.#asked.has(message.piece)) return 'useless';
    if (message.type === 'reject') return 'rejected';
    const taken = this.#assembly.take(message.piece, message.totalBytes, message.block);
    if (taken instanceof Malformed) return 'malformed';
    this.#asked.delete(message.piece);
    this.#due = now + this.#timeoutMs;
    return this.#assembly.complete ? this.#assembly.bytes() : 'taken';
  }
}
