// Peer messages as BEP 3, 5, 6, 10 and 52 lay them out: the bytes (hex, length included) and what they mean, or why they are refused.
import type { MalformedReason } from '@swarmscope/bittorrent/malformed.ts';
import type { Message } from '@swarmscope/bittorrent/peer/messages.ts';

export interface PeerVector {
  readonly name: string;
  readonly hex: string;
  readonly message?: Message;
  /** `too_long` is the framer's word and ends the stream; the others are the decoder's. */
  readonly refused?: MalformedReason;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const ROOT = 'ab'.repeat(32);
const root = new Uint8Array(32).fill(0xab);
const RANGE = `${ROOT}00000000000000020000000400000001`;
const range = { root, base: 0, index: 2, length: 4, proof: 1 };

export const PEER_VECTORS: readonly PeerVector[] = [
  { name: 'keep-alive', hex: '00000000', message: { type: 'keep_alive' } },
  { name: 'choke', hex: '0000000100', message: { type: 'choke' } },
  { name: 'unchoke', hex: '0000000101', message: { type: 'unchoke' } },
  { name: 'interested', hex: '0000000102', message: { type: 'interested' } },
  { name: 'not interested', hex: '0000000103', message: { type: 'not_interested' } },
  { name: 'have 5', hex: '000000050400000005', message: { type: 'have', index: 5 } },
  { name: 'have 2^32 - 1', hex: '0000000504ffffffff', message: { type: 'have', index: 0xffffffff } },
  { name: 'bitfield of 9 pieces', hex: '0000000305f080', message: { type: 'bitfield', bits: bytes(0xf0, 0x80) } },
  { name: 'bitfield of none', hex: '0000000105', message: { type: 'bitfield', bits: bytes() } },
  {
    name: 'request',
    hex: '0000000d06000000010000400000004000',
    message: { type: 'request', index: 1, begin: 16_384, length: 16_384 },
  },
  {
    name: 'piece',
    hex: '0000000c07000000010000400061 6263'.replaceAll(' ', ''),
    message: { type: 'piece', index: 1, begin: 16_384, block: bytes(0x61, 0x62, 0x63) },
  },
  {
    name: 'cancel',
    hex: '0000000d08000000010000400000004000',
    message: { type: 'cancel', index: 1, begin: 16_384, length: 16_384 },
  },
  { name: 'port (BEP 5)', hex: '00000003091ae1', message: { type: 'port', port: 6881 } },
  { name: 'suggest (BEP 6)', hex: '000000050d00000007', message: { type: 'suggest', index: 7 } },
  { name: 'have all (BEP 6)', hex: '000000010e', message: { type: 'have_all' } },
  { name: 'have none (BEP 6)', hex: '000000010f', message: { type: 'have_none' } },
  {
    name: 'reject (BEP 6)',
    hex: '0000000d10000000010000400000004000',
    message: { type: 'reject', index: 1, begin: 16_384, length: 16_384 },
  },
  { name: 'allowed fast (BEP 6)', hex: '000000051100000007', message: { type: 'allowed_fast', index: 7 } },
  {
    name: 'extension handshake (BEP 10)',
    hex: '0000000414006465',
    message: { type: 'extended', id: 0, payload: bytes(0x64, 0x65) },
  },
  { name: 'extended, empty', hex: '000000021403', message: { type: 'extended', id: 3, payload: bytes() } },
  { name: 'hash request (BEP 52)', hex: `0000003115${RANGE}`, message: { type: 'hash_request', ...range } },
  {
    name: 'hashes (BEP 52)',
    hex: `0000005116${RANGE}${'cd'.repeat(32)}`,
    message: { type: 'hashes', ...range, hashes: new Uint8Array(32).fill(0xcd) },
  },
  { name: 'hash reject (BEP 52)', hex: `0000003117${RANGE}`, message: { type: 'hash_reject', ...range } },
  { name: 'choke with a body', hex: '000000020000', refused: 'too_long' },
  { name: 'have that is short', hex: '0000000404000005', refused: 'bad_length' },
  { name: 'have that is long', hex: '00000006040000000500', refused: 'too_long' },
  { name: 'request of 12 bytes', hex: '0000000c060000000100004000000040', refused: 'bad_length' },
  { name: 'piece without a place', hex: '00000008070000000100004000'.slice(0, 24), refused: 'bad_length' },
  { name: 'extended without an id', hex: '0000000114', refused: 'bad_length' },
  { name: 'hashes that are no whole hash', hex: `0000003216${RANGE}cd`, refused: 'bad_length' },
  { name: 'an id nobody knows', hex: '00000002630a', refused: 'unknown_message' },
];
