// Where the bencode encoder writes: bytes that grow, at a desk that all encoding shares.

const ZERO = 0x30;
const COLON = 0x3a;
/** Where everything is encoded that fits: encoding calls nothing that could encode meanwhile, and what is done is copied out. */
const DESK = new Uint8Array(4096);

/** Bytes that grow. What is short and ASCII, which nearly everything here is, is written letter by letter: an encoder call costs more. */
export class Output {
  #bytes = DESK;
  #at = 0;

  byte(value: number): void {
    if (this.#at === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#at++] = value;
  }

  put(bytes: Uint8Array): void {
    if (this.#at + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** One byte a character; the characters are known to be bytes. */
  latin1(text: string): void {
    if (this.#at + text.length > this.#bytes.length) this.#grow(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#at++] = text.charCodeAt(i);
  }

  /** A length, and the colon behind it. */
  length(value: number): void {
    if (value < 10) this.byte(ZERO + value);
    else if (value < 100) {
      this.byte(ZERO + Math.floor(value / 10));
      this.byte(ZERO + (value % 10));
    } else this.latin1(String(value));
    this.byte(COLON);
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #grow(bytes: number): void {
    const longer = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + bytes));
    longer.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = longer;
  }
}
