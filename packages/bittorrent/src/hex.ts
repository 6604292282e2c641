// Bytes as lower-case hex text and back, and byte-wise equality: how ids and infohashes are named outside the hot paths.

/** The two digits of each byte, as character codes. */
const DIGITS = Uint8Array.from({ length: 512 }, (_, i) => '0123456789abcdef'.charCodeAt(i & 1 ? (i >> 1) & 15 : i >> 5));
/** Bytes turned into text at once: more than any id, fewer than a call may have arguments. */
const CHUNK = 1_024;

/** Lower-case hex of all bytes. Made in one piece: text that was put together keeps its parts, twenty times as much as an id, for as long as it is kept. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length > CHUNK) return toHex(bytes.subarray(0, CHUNK)) + toHex(bytes.subarray(CHUNK));
  const codes = new Array<number>(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    codes[2 * i] = DIGITS[2 * bytes[i]!]!;
    codes[2 * i + 1] = DIGITS[2 * bytes[i]! + 1]!;
  }
  return String.fromCharCode.apply(null, codes);
}

function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Bytes of hex text in either case; undefined when a character is no hex digit or the length is odd. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = digit(text.charCodeAt(2 * i));
    const low = digit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** Whether two byte strings are the same. Not constant-time: tokens are compared by it, and a token is worth one announce. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
