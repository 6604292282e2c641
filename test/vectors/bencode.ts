// Bencoding as in BEP 3, and what strict means: text (Latin-1) with its value, or the reason why it is refused.
import type { Value } from '@swarmscope/bittorrent/bencode.ts';
import type { MalformedReason } from '@swarmscope/bittorrent/malformed.ts';

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const nested = (depth: number) => {
  let value: Value = [];
  for (let i = 1; i < depth; i++) value = [value];
  return value;
};

/** Text that decodes to the value, and is what the value encodes to unless `encodes` says otherwise. */
export const BENCODE_VALUES: readonly { text: string; value: Value; encodes?: string }[] = [
  { text: 'i0e', value: 0 },
  { text: 'i3e', value: 3 },
  { text: 'i-3e', value: -3 },
  { text: 'i9007199254740991e', value: 9_007_199_254_740_991 },
  { text: 'i-9007199254740991e', value: -9_007_199_254_740_991 },
  { text: '0:', value: bytes('') },
  { text: '4:spam', value: bytes('spam') },
  { text: '3:\0\xff\x80', value: bytes('\0\xff\x80') },
  { text: '10:0123456789', value: bytes('0123456789') },
  { text: '4:i1ee', value: bytes('i1ee') },
  { text: 'le', value: [] },
  { text: 'l4:spam4:eggse', value: [bytes('spam'), bytes('eggs')] },
  { text: 'lleli1eee', value: [[], [1]] },
  { text: 'de', value: new Map() },
  {
    text: 'd3:cow3:moo4:spam4:eggse',
    value: new Map([
      ['cow', bytes('moo')],
      ['spam', bytes('eggs')],
    ]),
  },
  { text: 'd4:spaml1:a1:bee', value: new Map([['spam', [bytes('a'), bytes('b')]]]) },
  {
    text: 'd0:i1e1:\xffi2ee',
    value: new Map([
      ['', 1],
      ['\xff', 2],
    ]),
  },
  { text: 'd9:__proto__d1:xi1eee', value: new Map([['__proto__', new Map([['x', 1]])]]) },
  { text: 'd11:constructori1ee', value: new Map([['constructor', 1]]) },
  {
    text: 'd1:bi1e1:ai2ee',
    value: new Map([
      ['b', 1],
      ['a', 2],
    ]),
    encodes: 'd1:ai2e1:bi1ee',
  },
  { text: `${'l'.repeat(100)}${'e'.repeat(100)}`, value: nested(100) },
];

export const BENCODE_REFUSED: readonly { text: string; reason: MalformedReason; name?: string }[] = [
  { text: '', reason: 'truncated' },
  { text: 'i', reason: 'truncated' },
  { text: 'i1', reason: 'truncated' },
  { text: 'ie', reason: 'bad_integer' },
  { text: 'i-e', reason: 'bad_integer' },
  { text: 'i-0e', reason: 'bad_integer' },
  { text: 'i03e', reason: 'bad_integer' },
  { text: 'i-03e', reason: 'bad_integer' },
  { text: 'i+3e', reason: 'bad_integer' },
  { text: 'i1.5e', reason: 'bad_integer' },
  { text: 'i 1e', reason: 'bad_integer' },
  { text: 'i9007199254740992e', reason: 'bad_integer' },
  { text: 'i9223372036854775808e', reason: 'bad_integer', name: '2^63' },
  { text: `i${'9'.repeat(1000)}e`, reason: 'bad_integer' },
  { text: '4:spa', reason: 'truncated' },
  { text: '4', reason: 'truncated' },
  { text: '999999999:a', reason: 'truncated' },
  { text: '04:spam', reason: 'bad_length' },
  { text: '00:', reason: 'bad_length' },
  { text: '4294967296:a', reason: 'bad_length' },
  { text: '4;spam', reason: 'bad_length' },
  { text: '-3:abc', reason: 'bad_type' },
  { text: 'l', reason: 'truncated' },
  { text: 'l4:spam', reason: 'truncated' },
  { text: 'l-3:e', reason: 'bad_type', name: 'hangs bencode 4' },
  { text: 'd', reason: 'truncated' },
  { text: 'd-3:e', reason: 'bad_key', name: 'hangs bencode 4' },
  { text: 'd3:cow', reason: 'truncated' },
  { text: 'd3:cowe', reason: 'bad_type' },
  { text: 'di1ei2ee', reason: 'bad_key' },
  { text: 'd1:ai1e1:ai2ee', reason: 'duplicate_key' },
  { text: 'd9:__proto__i1e9:__proto__i2ee', reason: 'duplicate_key' },
  { text: 'x', reason: 'bad_type' },
  { text: 'e', reason: 'bad_type' },
  { text: 'i1ei2e', reason: 'trailing_bytes' },
  { text: 'de\n', reason: 'trailing_bytes' },
  { text: `${'l'.repeat(101)}${'e'.repeat(101)}`, reason: 'too_deep' },
  { text: 'l'.repeat(1_000_000), reason: 'too_deep', name: 'a million lists' },
  { text: 'd1:a'.repeat(100_000), reason: 'too_deep', name: 'a hundred thousand dictionaries' },
];
