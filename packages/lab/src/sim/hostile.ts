// Peers that attack who talks to them: each kind with what it does and how a session with it must end. A conversation of one, over any transport.
import { encode } from '@swarmscope/bittorrent/bencode.ts';
import type { Endpoint, Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { decodeHandshake, encodeFeatures, encodeHandshake } from '@swarmscope/bittorrent/peer/handshake.ts';
import { BLOCK_BYTES, encodeMessage } from '@swarmscope/bittorrent/peer/messages.ts';
import { encodeExtensionHandshake, encodePex, METADATA_ID, PEX_ID } from './extensions.ts';
import { mix32 } from './mix.ts';
import type { LabPeer } from './peer.ts';
import type { PeerSessionFact } from './peer-session.ts';

// kind              after the handshake (unless it says otherwise) it
// garbage           answers the handshake with noise
// stranger_byte     answers it with one wrong byte in the protocol's name
// huge_length       begins a message of 2^31 bytes
// long_message      begins a HAVE of 1 MiB
// bitfield_long     shows a bitfield that is a byte too long
// bitfield_spare    shows one with the bits behind the last piece set
// have_range        has a piece that does not exist
// keep_alives       sends keep-alives and nothing else, as fast as it can
// drip              sends a message a byte at a time, one in ten seconds
// states            unchokes, chokes, unchokes ... without end
// blocks            sends the same block, unasked, without end
// pex_flood         tells of fifty addresses ten times a second, all of them where nobody may be sent
// extension_broken  sends `d-3:e` where the extension handshake should be
// extension_deep    sends lists in lists in lists
// metadata_size     offers 16 MiB of metadata
// metadata_lie      gives metadata that is another torrent's
// metadata_silent   offers metadata and never answers
// hash_flood        sends hashes (BEP 52) that nobody asked for

export const HOSTILE_KINDS = [
  'garbage',
  'stranger_byte',
  'huge_length',
  'long_message',
  'bitfield_long',
  'bitfield_spare',
  'have_range',
  'keep_alives',
  'drip',
  'states',
  'blocks',
  'pex_flood',
  'extension_broken',
  'extension_deep',
  'metadata_size',
  'metadata_lie',
  'metadata_silent',
  'hash_flood',
] as const;
export type HostileKind = (typeof HOSTILE_KINDS)[number];

/** How a session that tries to learn everything must end, or the metadata must fail, by the words of who measures. */
export const HOSTILE_ENDINGS: Readonly<Record<HostileKind, readonly string[]>> = {
  garbage: ['handshake_bad_field'],
  stranger_byte: ['handshake_bad_field'],
  huge_length: ['frame_too_long'],
  long_message: ['frame_too_long'],
  bitfield_long: ['bitfield_bad_length'],
  bitfield_spare: ['bitfield_bad_field'],
  have_range: ['have_out_of_range'],
  keep_alives: ['flood'],
  drip: ['frame_slow'],
  states: ['flood'],
  blocks: ['flood'],
  pex_flood: ['flood'],
  extension_broken: ['extension_bad_length', 'extension_bad_integer', 'extension_bad_key'],
  extension_deep: ['extension_too_deep'],
  metadata_size: ['too_large'],
  metadata_lie: ['bad_hash'],
  metadata_silent: ['timeout'],
  hash_flood: ['flood'],
};

type Sink = SessionOut<PeerSessionFact>;

const never = Number.POSITIVE_INFINITY;
const SOON_MS = 100;
const DRIP_MS = 10_000;
/** How many of a flood's messages go out at once. */
const SWELL = 64;
const MIB = 1 << 20;
/** Longest conversation that it keeps up by itself. */
const LIFE_MS = 600_000;

export class HostileSession implements Session<PeerSessionFact> {
  readonly #peer: LabPeer;
  readonly #kind: HostileKind;
  #head = new Uint8Array(0);
  #met = false;
  #full = false;
  #nextAt = never;
  #endAt = never;
  #round = 0;

  constructor(peer: LabPeer, kind: HostileKind) {
    this.#peer = peer;
    this.#kind = kind;
  }

  opened(now: number): void {
    this.#endAt = now + LIFE_MS;
  }

  receive(bytes: Uint8Array, now: number, out: Sink): void {
    if (this.#met) {
      this.#answer(bytes, out);
      return;
    }
    const head = new Uint8Array(this.#head.length + bytes.length);
    head.set(this.#head);
    head.set(bytes, this.#head.length);
    this.#head = head;
    const handshake = decodeHandshake(head);
    if (handshake instanceof Malformed) return;
    this.#met = true;
    out.emit({ type: 'met', peerId: handshake.peerId, infoHash: handshake.infoHash });
    this.#greet(handshake.infoHash, out);
    this.#nextAt = now + SOON_MS;
  }

  writable(): void {
    this.#full = false;
  }

  closed(_outcome: Outcome, _now: number, out: Sink): void {
    this.#nextAt = never;
    this.#endAt = never;
    out.emit({ type: 'parted' });
  }

  tick(now: number, out: Sink): void {
    if (now >= this.#endAt) out.abort();
    else if (now >= this.#nextAt) {
      this.#nextAt = now + (this.#kind === 'drip' ? DRIP_MS : SOON_MS);
      if (!this.#full) this.#full = !out.write(this.#attack(this.#round++));
    }
  }

  deadline(): number {
    return Math.min(this.#nextAt, this.#endAt);
  }

  #greet(infoHash: Uint8Array, out: Sink): void {
    const reserved = encodeFeatures({ extended: true, fast: true, v2: false });
    const greeting = encodeHandshake({ reserved, infoHash, peerId: this.#peer.peerId });
    if (this.#kind === 'garbage') for (const i of greeting.keys()) greeting[i] = mix32(this.#peer.plan.seed, i);
    if (this.#kind === 'stranger_byte') greeting[7]! ^= 1;
    out.write(greeting);
    if (this.#kind.startsWith('extension')) return;
    const { content, endpoint } = this.#peer.plan;
    const metadataBytes = this.#kind === 'metadata_size' ? 16 * MIB : content.info.length;
    const said = { metadataBytes, pex: true, uploadOnly: false, listenPort: endpoint.port, client: 'Hostile Lab 1' };
    out.write(encodeMessage({ type: 'extended', id: 0, payload: encodeExtensionHandshake(said) }));
    if (this.#kind.startsWith('metadata') || this.#kind === 'hash_flood') out.write(encodeMessage({ type: 'have_none' }));
  }

  /** What goes out in round `round`. */
  #attack(round: number): Uint8Array {
    const { pieces } = this.#peer.plan.content;
    const bitfieldBytes = Math.ceil(pieces / 8);
    switch (this.#kind) {
      case 'huge_length':
        return Uint8Array.of(0x80, 0, 0, 0, 7);
      case 'long_message':
        return Uint8Array.of(0, 0x10, 0, 0, 4);
      case 'bitfield_long':
        return encodeMessage({ type: 'bitfield', bits: new Uint8Array(bitfieldBytes + 1) });
      case 'bitfield_spare':
        return encodeMessage({ type: 'bitfield', bits: new Uint8Array(bitfieldBytes).fill(0xff) });
      case 'have_range':
        return encodeMessage({ type: 'have', index: pieces });
      case 'keep_alives':
        return new Uint8Array(4 * SWELL);
      case 'drip':
        return Uint8Array.of(round === 2 ? 1 : round === 4 ? 20 : 0);
      case 'states':
        return repeated(SWELL, (i) => encodeMessage({ type: i % 2 === 0 ? 'unchoke' : 'choke' }));
      case 'blocks':
        return encodeMessage({ type: 'piece', index: 0, begin: 0, block: new Uint8Array(BLOCK_BYTES) });
      case 'pex_flood':
        return repeated(8, (i) => encodeMessage({ type: 'extended', id: PEX_ID, payload: encodePex(bogons(8 * round + i)) }));
      case 'extension_broken':
        return encodeMessage({ type: 'extended', id: 0, payload: new TextEncoder().encode('d-3:e') });
      case 'extension_deep':
        return encodeMessage({ type: 'extended', id: 0, payload: new TextEncoder().encode(`d1:m${'l'.repeat(30_000)}`) });
      case 'hash_flood':
        return repeated(SWELL, () => encodeMessage(unaskedHashes()));
      default:
        return new Uint8Array(0);
    }
  }

  /** Only the liar about metadata answers anything: each request with a block of another torrent's. */
  #answer(bytes: Uint8Array, out: Sink): void {
    if (this.#kind !== 'metadata_lie') return;
    const piece = askedBlock(bytes);
    if (piece === undefined) return;
    const { info } = this.#peer.plan.content;
    const block = info.slice(piece * BLOCK_BYTES, (piece + 1) * BLOCK_BYTES);
    block[block.length >> 1]! ^= 1;
    const head = encode({ msg_type: 1, piece, total_size: info.length });
    const payload = new Uint8Array(head.length + block.length);
    payload.set(head);
    payload.set(block, head.length);
    out.write(encodeMessage({ type: 'extended', id: METADATA_ID, payload }));
  }
}

function repeated(times: number, make: (i: number) => Uint8Array): Uint8Array {
  const parts = Array.from({ length: times }, (_, i) => make(i));
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const BOGON_NETWORKS = ['10.9', '192.168', '169.254', '224.0', '0.1', '172.16', '255.255'] as const;

/** Fifty addresses to which nothing may be sent, others in each round. */
export function bogons(round: number): { readonly endpoint: Endpoint; readonly seed: boolean }[] {
  return Array.from({ length: 50 }, (_, i) => {
    const hash = mix32(round, i);
    const network = BOGON_NETWORKS[i % BOGON_NETWORKS.length]!;
    return { endpoint: { address: `${network}.${(hash >> 8) & 0xff}.${hash & 0xff}`, port: 1 + (hash % 60_000) }, seed: true };
  });
}

function unaskedHashes() {
  const root = new Uint8Array(32);
  return { type: 'hashes', root, base: 0, index: 0, length: 2, proof: 0, hashes: new Uint8Array(64) } as const;
}

/** Which block of the metadata is asked for in these bytes (one message or several); undefined: none. */
function askedBlock(bytes: Uint8Array): number | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 4_096));
  const found = /8:msg_typei0e5:piecei(\d{1,4})e/.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
