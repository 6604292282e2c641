// What a peer says it has, from bitfields and HAVEs (BEP 3, 6, 54), also before the number of pieces is known; and the super-seeder's pattern (BEP 16).
import { Malformed } from '../malformed.ts';
import { Bitfield, countOnes } from './bitfield.ts';
import { MAX_METADATA_BYTES } from './metadata.ts';

/** Metadata that we accept names no more pieces than this: a longer bitfield or a higher index fits no torrent we could know. */
export const MAX_PIECES = Math.floor(MAX_METADATA_BYTES / 20);
/** HAVEs kept before the number of pieces is known. */
const MAX_EARLY_HAVES = 4096;
/** A super-seeder shows one or two pieces, and another for each that was taken; more than this at once is a leecher that loads. */
const SUPER_SEEDER_START = 3;

/** The pieces of one peer. Until `know` is called they are kept as they came, and `have` is unknown where it cannot be counted. */
export class PeerPieces {
  #field: Bitfield | undefined;
  #shown: 'nothing' | 'all' | 'none' | Uint8Array = 'nothing';
  readonly #early: number[] = []; // bound: MAX_EARLY_HAVES
  #saidFirst: 'nothing' | 'none' | 'some' = 'nothing';
  #revealed = 0;

  /** Whether it has said anything about what it has. */
  get said(): boolean {
    return this.#saidFirst !== 'nothing';
  }

  /** The pieces, once their number is known. */
  get field(): Bitfield | undefined {
    return this.#field;
  }

  /** How many it shows; undefined when it said nothing, or said something that cannot be counted yet. */
  get have(): number | undefined {
    if (!this.said) return undefined;
    if (this.#field) return this.#field.count;
    return this.#shown === 'none' && this.#early.length === 0 ? 0 : undefined;
  }

  /** Whether it claims all pieces, known or not. */
  get claimsAll(): boolean {
    return this.#field ? this.#field.complete : this.#shown === 'all';
  }

  /** The first it said was that it has nothing (or one piece, by a HAVE). */
  get startedEmpty(): boolean {
    return this.#saidFirst === 'none';
  }

  /** HAVEs after it had shown nothing at first: 0 when it began with some. */
  get revealed(): number {
    return this.#saidFirst === 'none' ? this.#revealed : 0;
  }

  /**
   * Whether it reveals as a super-seeder does: nothing at first, then few, one more for each piece that was taken from it (`taken`).
   * A leecher that begins at zero and loads looks the same for its first pieces, but wants things: the caller knows whether it is interested.
   */
  revealsOneByOne(taken: number): boolean {
    return this.revealed > 0 && this.revealed <= SUPER_SEEDER_START + 2 * taken;
  }

  /** A bitfield as it came; copied. */
  showBits(bits: Uint8Array): Malformed | undefined {
    if (this.#field) {
      const field = Bitfield.fromBytes(bits, this.#field.length);
      if (field instanceof Malformed) return field;
      this.#field = field;
    } else if (bits.length > Math.ceil(MAX_PIECES / 8)) return new Malformed('too_long');
    else this.#shown = bits.slice();
    const count = this.#field?.count ?? countOnes(bits);
    this.#first(count === 0 ? 'none' : 'some');
    return undefined;
  }

  /** HAVE_ALL or HAVE_NONE. */
  show(all: boolean): void {
    if (this.#field) this.#field = new Bitfield(this.#field.length, all);
    else this.#shown = all ? 'all' : 'none';
    this.#first(all ? 'some' : 'none');
  }

  /** HAVE. `known` when it changes nothing. */
  add(index: number): 'new' | 'known' | Malformed {
    if (index >= (this.#field?.length ?? MAX_PIECES)) return new Malformed('out_of_range');
    this.#first('none');
    if (this.#field) {
      if (!this.#field.set(index)) return 'known';
      this.#revealed++;
      return 'new';
    }
    if (this.#early.length >= MAX_EARLY_HAVES) return 'known';
    this.#early.push(index);
    this.#revealed++;
    return 'new';
  }

  /** lt_donthave (BEP 54). */
  remove(index: number): 'new' | 'known' | Malformed {
    if (index >= (this.#field?.length ?? MAX_PIECES)) return new Malformed('out_of_range');
    if (this.#field) return this.#field.clear(index) ? 'new' : 'known';
    const at = this.#early.indexOf(index);
    if (at >= 0) this.#early.splice(at, 1);
    return at >= 0 ? 'new' : 'known';
  }

  /** The number of pieces is known now: what came before is held against it. */
  know(total: number): Malformed | undefined {
    if (this.#field) return undefined;
    const shown = this.#shown;
    const field = shown instanceof Uint8Array ? Bitfield.fromBytes(shown, total) : new Bitfield(total, shown === 'all');
    if (field instanceof Malformed) return field;
    for (const index of this.#early) {
      if (index >= total) return new Malformed('out_of_range');
      field.set(index);
    }
    this.#early.length = 0;
    this.#shown = 'nothing';
    this.#field = field;
    return undefined;
  }

  #first(what: 'none' | 'some'): void {
    if (this.#saidFirst === 'nothing') this.#saidFirst = what;
  }
}
