// Inputs for fuzzing a parser: its own vectors with bytes changed, cut, repeated, moved between them, and pure noise.
import fc from 'fast-check';

type Change = (bytes: Uint8Array, random: readonly number[], other: Uint8Array) => Uint8Array;

const at = (value: number, length: number) => (length === 0 ? 0 : value % length);

/** Bytes of bencode and of lengths: where parsers branch. */
const TELLING = [0x64, 0x65, 0x69, 0x6c, 0x2d, 0x30, 0x39, 0x3a, 0x00, 0x01, 0x7f, 0x80, 0xff];

const CHANGES: readonly Change[] = [
  (bytes, [where = 0, what = 0]) => bytes.with(at(where, bytes.length), what & 0xff),
  (bytes, [where = 0, what = 0]) => bytes.with(at(where, bytes.length), TELLING[at(what, TELLING.length)]!),
  (bytes, [where = 0, bit = 0]) => bytes.with(at(where, bytes.length), bytes[at(where, bytes.length)]! ^ (1 << (bit & 7))),
  (bytes, [end = 0]) => bytes.slice(0, at(end, bytes.length)),
  (bytes, [start = 0]) => bytes.slice(at(start, bytes.length)),
  (bytes, [a = 0, b = 0]) => joined(bytes.subarray(0, at(a, bytes.length)), bytes.subarray(at(b, bytes.length))),
  (bytes, [a = 0, b = 0], other) => joined(bytes.subarray(0, at(a, bytes.length)), other.subarray(at(b, other.length))),
  (bytes, [where = 0, what = 0]) => {
    const cut = at(where, bytes.length);
    return joined(bytes.subarray(0, cut), Uint8Array.of(what & 0xff), bytes.subarray(cut));
  },
];

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}

interface Step {
  readonly change: Change;
  readonly random: number[];
  readonly other: Uint8Array;
}

/** Mostly one to four changes of a vector; sometimes noise. */
export function mutated(vectors: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const vector = fc.constantFrom(...vectors);
  const step: fc.Arbitrary<Step> = fc.record({
    change: fc.constantFrom(...CHANGES),
    random: fc.array(fc.nat(), { minLength: 2, maxLength: 2 }),
    other: vector,
  });
  const changed = fc.tuple(vector, fc.array(step, { minLength: 1, maxLength: 4 })).map(([start, steps]) => {
    let bytes: Uint8Array = Uint8Array.from(start);
    for (const { change, random, other } of steps) if (bytes.length > 0) bytes = change(bytes, random, other);
    return bytes;
  });
  return fc.oneof({ weight: 9, arbitrary: changed }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) });
}
