// Torrents and info dictionaries as strangers may write them (BEP 3, 27, 47, 52): what they mean, or why they are refused.
import { type Encodable, encode } from '@swarmscope/bittorrent/bencode.ts';
import { sha256 } from '@swarmscope/bittorrent/hash.ts';
import type { MalformedReason } from '@swarmscope/bittorrent/malformed.ts';

export interface InfoVector {
  readonly name: string;
  readonly info: Uint8Array;
  /** Members of the Info; files as `path bytes@offset`, with a `p` behind padding. */
  readonly means?: Record<string, unknown> & { files?: readonly string[] };
  readonly refused?: MalformedReason;
}

const HASH = 'h'.repeat(20);
const V1 = { name: 'a', 'piece length': 4, pieces: HASH, length: 4 };
const HELLO_ROOT = sha256(new TextEncoder().encode('hello'));
const leaf = (length: number, root: Uint8Array | null = HELLO_ROOT) => ({ '': { length, 'pieces root': root ?? undefined } });
const V2 = { name: 'a', 'piece length': 16_384, 'meta version': 2, 'file tree': { a: leaf(5) } };
const raw = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const files = (...list: Encodable[]) => ({ name: 'dir', 'piece length': 4, pieces: HASH.repeat(2), files: list });

const well = (name: string, info: Encodable, means: InfoVector['means']): InfoVector => ({
  name,
  info: encode(info),
  means: means!,
});
const refuse = (name: string, info: Encodable, refused: MalformedReason): InfoVector => ({ name, info: encode(info), refused });

export const INFO_VECTORS: readonly InfoVector[] = [
  well('one file (BEP 3)', V1, { name: 'a', files: ['a 4@0'], pieces: 1, sizeBytes: 4, private: false }),
  well('two files, the piece between them shared', files({ length: 3, path: ['x'] }, { length: 5, path: ['y', 'z'] }), {
    files: ['x 3@0', 'y/z 5@3'],
    pieces: 2,
    spanBytes: 8,
  }),
  well(
    'padding counts for pieces, not for size (BEP 47)',
    files({ length: 3, path: ['x'] }, { attr: 'p', length: 1, path: ['.pad', '1'] }, { length: 2, path: ['y'] }),
    { files: ['x 3@0', '.pad/1 1@3 p', 'y 2@4'], pieces: 2, sizeBytes: 5, spanBytes: 6 },
  ),
  well(
    'a symbolic link has no bytes, whatever it says (BEP 47)',
    files({ length: 8, path: ['x'] }, { attr: 'l', length: 99, path: ['link'], 'symlink path': ['x'] }),
    { files: ['x 8@0', 'link 0@8'] },
  ),
  well('private (BEP 27)', { ...V1, private: 1 }, { private: true }),
  well('private 0 is not private', { ...V1, private: 0 }, { private: false }),
  well('a private flag of another type is taken as set', { ...V1, private: '' }, { private: true }),
  well('utf-8 twins win', { ...V1, 'name.utf-8': '\u00e9', source: 'S' }, { name: '\u00e9', source: 'S' }),
  well('a name that is no UTF-8', { ...V1, name: raw('\xe9') }, { name: '\ufffd' }),
  well('names that lead elsewhere', files({ length: 8, path: ['..', '.', '', 'a/b\\c\u0007', '\u202egpj'] }), {
    files: ['_/_/_/a_b_c_/_gpj 8@0'],
  }),
  well(
    'a name that leads elsewhere',
    { ...V1, name: '../../etc/passwd' },
    { name: '.._.._etc_passwd', files: ['.._.._etc_passwd 4@0'] },
  ),
  well('__proto__ is just a name', files({ length: 8, path: ['__proto__'] }), { files: ['__proto__ 8@0'] }),
  {
    name: 'keys out of order, hashed as they stand',
    info: raw(`d6:lengthi4e4:name1:a6:pieces20:${HASH}12:piece lengthi4ee`),
    means: { pieces: 1 },
  },
  well('v2 (BEP 52)', V2, { files: ['a 5@0'], pieces: 1, pieceHashes: undefined, infoHashV1: undefined }),
  well(
    'v2: each file begins at a piece, empty ones take no place',
    { ...V2, 'file tree': { a: leaf(5), b: { c: leaf(0, null), d: leaf(7) }, e: leaf(1) } },
    { files: ['a 5@0', 'b/c 0@5', 'b/d 7@16384', 'e 1@32768'], pieces: 3, spanBytes: 32_769, sizeBytes: 13 },
  ),
  well('hybrid', { ...V2, length: 5, pieces: HASH }, { files: ['a 5@0'], pieces: 1 }),
  well(
    'hybrid of two files, padded between and behind',
    {
      ...V2,
      'file tree': { a: leaf(5), b: leaf(7) },
      pieces: HASH.repeat(2),
      files: [
        { length: 5, path: ['a'] },
        { attr: 'p', length: 16_379, path: ['.pad', '16379'] },
        { length: 7, path: ['b'] },
        { attr: 'p', length: 16_377, path: ['.pad', '16377'] },
      ],
    },
    { files: ['a 5@0', '.pad/16379 16379@5 p', 'b 7@16384', '.pad/16377 16377@16391 p'], pieces: 2, sizeBytes: 12 },
  ),

  refuse('no dictionary', ['a'], 'bad_type'),
  { name: 'nothing', info: raw(''), refused: 'truncated' },
  { name: 'a length below zero', info: raw('d-3:e'), refused: 'bad_key' },
  { name: 'cut off', info: encode(V1).subarray(0, -1), refused: 'truncated' },
  { name: 'something behind it', info: raw(`${String.fromCharCode(...encode(V1))}x`), refused: 'trailing_bytes' },
  { name: 'a key twice', info: raw('d4:name1:a4:name1:be'), refused: 'duplicate_key' },
  { name: 'too deep', info: raw(`d1:a${'l'.repeat(200)}${'e'.repeat(200)}e`), refused: 'too_deep' },
  refuse('no name', { ...V1, name: undefined }, 'missing_field'),
  refuse('no piece length', { ...V1, 'piece length': undefined }, 'missing_field'),
  refuse('piece length 0', { ...V1, 'piece length': 0 }, 'out_of_range'),
  refuse('piece length below 0', { ...V1, 'piece length': -16_384 }, 'out_of_range'),
  refuse('piece length 2^40', { ...V1, 'piece length': 2 ** 40 }, 'out_of_range'),
  { name: 'piece length 2^63', info: raw('d4:name1:a12:piece lengthi9223372036854775808ee'), refused: 'bad_integer' },
  refuse('piece length as text', { ...V1, 'piece length': '4' }, 'bad_type'),
  refuse('no pieces', { ...V1, pieces: undefined }, 'missing_field'),
  refuse('a piece hash cut short', { ...V1, pieces: HASH.slice(1) }, 'bad_length'),
  refuse('a piece too many', { ...V1, pieces: HASH.repeat(2) }, 'bad_length'),
  refuse('neither length nor files', { ...V1, length: undefined }, 'missing_field'),
  refuse('both length and files', { ...V1, files: [{ length: 4, path: ['x'] }] }, 'bad_field'),
  refuse('length below 0', { ...V1, length: -1 }, 'out_of_range'),
  refuse('length 0: nothing to have', { ...V1, length: 0, pieces: '' }, 'missing_field'),
  refuse('files are no list', { ...files(), files: 3 }, 'bad_type'),
  refuse('a file is no dictionary', files('x'), 'bad_type'),
  refuse('a file without path', files({ length: 8 }), 'missing_field'),
  refuse('an empty path', files({ length: 8, path: [] }), 'bad_type'),
  refuse('a number in a path', files({ length: 8, path: [1] }), 'bad_type'),
  refuse('a file without length', files({ path: ['x'] }), 'missing_field'),
  refuse('file lengths that cancel out', files({ length: 9, path: ['x'] }, { length: -1, path: ['y'] }), 'out_of_range'),
  refuse(
    'file lengths beyond 2^53 together',
    files({ length: Number.MAX_SAFE_INTEGER, path: ['x'] }, { length: Number.MAX_SAFE_INTEGER, path: ['y'] }),
    'out_of_range',
  ),
  refuse('meta version 3', { ...V2, 'meta version': 3 }, 'unknown_message'),
  refuse('v2 without file tree', { ...V2, 'file tree': undefined }, 'missing_field'),
  refuse('v2 of more pieces than any peer could show', { ...V2, 'file tree': { a: leaf(2 ** 50) } }, 'out_of_range'),
  refuse('v2 piece length below a leaf', { ...V2, 'piece length': 8_192 }, 'bad_field'),
  refuse('v2 piece length no power of two', { ...V2, 'piece length': 16_385 }, 'bad_field'),
  refuse('v2 of nothing', { ...V2, 'file tree': {} }, 'missing_field'),
  refuse('v2 whose root is a file', { ...V2, 'file tree': leaf(5) }, 'bad_field'),
  refuse('v2: a file that is a directory too', { ...V2, 'file tree': { a: { ...leaf(5), b: leaf(5) } } }, 'bad_field'),
  refuse('v2: a name for a number', { ...V2, 'file tree': { a: 5 } }, 'bad_type'),
  refuse('v2: no root', { ...V2, 'file tree': { a: leaf(5, null) } }, 'missing_field'),
  refuse('v2: a short root', { ...V2, 'file tree': { a: leaf(5, raw('short')) } }, 'bad_length'),
  {
    name: 'v2: a file tree out of order',
    info: raw(`d9:file treed1:bd0:d6:lengthi0eee1:ad0:d6:lengthi0eeee12:meta versioni2e4:name1:a12:piece lengthi16384ee`),
    refused: 'unsorted_keys',
  },
  refuse('hybrid: another size', { ...V2, length: 6, pieces: HASH }, 'bad_field'),
  refuse('hybrid: another name', { ...V2, 'file tree': { b: leaf(5) }, length: 5, pieces: HASH }, 'bad_field'),
  refuse(
    'hybrid: files that are not padded',
    {
      ...V2,
      'file tree': { a: leaf(5), b: leaf(7) },
      pieces: HASH,
      files: [
        { length: 5, path: ['a'] },
        { length: 7, path: ['b'] },
      ],
    },
    'bad_field',
  ),
];
