// What two peers say to each other first: handshake, extension handshake, bitfield; as bytes, and as our session would.

import { encode } from '@swarmscope/bittorrent/bencode.ts';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { encodeExtensionHandshake } from '@swarmscope/bittorrent/peer/extension.ts';
import { DEFAULT_TIMES, type PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { encodeFeatures, encodeHandshake } from '@swarmscope/bittorrent/peer/handshake.ts';
import { encodeMessage, type Message } from '@swarmscope/bittorrent/peer/messages.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import type { PieceLayout, Swarm } from '@swarmscope/bittorrent/peer/swarm.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { sure } from './measure.ts';

export const HANDSHAKE_BYTES = 68;
const INFO_HASH = randomBytes(seededRandom(31), 20);
export const PEER_ID = randomBytes(seededRandom(32), 20);
export const SELF = { client: 'Swarmscope', listenPort: 6_881 };

const layoutOf = (pieces: number): PieceLayout => ({ pieces, pieceBytes: () => 16_384, verify: () => false });

/** A swarm of whose content nothing is here; without a layout also its metadata is not. */
export function swarmOf(infoHash: Uint8Array, layout?: PieceLayout): Swarm {
  return {
    infoHash,
    isNamed: (other) => equalBytes(other, infoHash),
    info: undefined,
    layout,
    pieces: { size: 0, has: () => false, read: () => undefined, indices: () => [] },
    upload: { take: () => false },
    allowsPex: true,
  };
}

/** What is exchanged: a swarm of so many pieces, whose metadata the seeder offers. */
export const SHOWN = { infoHash: INFO_HASH, pieces: 1_000, metadataBytes: 20_000 };
const shownSwarm = swarmOf(INFO_HASH, layoutOf(SHOWN.pieces));

export function newSession(remote: Endpoint, swarm = shownSwarm): PeerSession {
  return new PeerSession({ peerId: PEER_ID, swarm, remote, self: SELF, times: DEFAULT_TIMES });
}

/** An info dictionary of about so many bytes; others of the same size by other seeds. */
export function infoOf(bytes: number, seed = 1): Uint8Array {
  const count = Math.floor((bytes - 100) / 20);
  const pieces = randomBytes(seededRandom(seed), 20 * count);
  return encode({ length: count * 16_384, name: 'a torrent of the benchmark', 'piece length': 16_384, pieces });
}

export const nameOf = (info: Uint8Array): Uint8Array => sha1(info);

interface Shown {
  readonly infoHash: Uint8Array;
  readonly pieces: number;
  readonly metadataBytes: number;
  /** What is said of the pieces; by default a bitfield that is full. */
  readonly has?: Message;
  readonly client?: string;
}

/** What a peer answers, in one go. */
export function greetingOf({ infoHash, pieces, metadataBytes, has, client = 'a seeder' }: Shown = SHOWN): Uint8Array {
  const reserved = encodeFeatures({ extended: true, fast: true });
  const extended = encodeExtensionHandshake({
    extensions: new Map([
      ['ut_metadata', 2],
      ['ut_pex', 1],
    ]),
    client,
    listenPort: 6_881,
    queue: 250,
    yourAddress: '127.0.0.1',
    metadataBytes,
    uploadOnly: true,
  });
  return Buffer.concat([
    encodeHandshake({ reserved, infoHash, peerId: randomBytes(seededRandom(33), 20) }),
    encodeMessage({ type: 'extended', id: 0, payload: extended }),
    encodeMessage(has ?? { type: 'bitfield', bits: new Uint8Array(pieces / 8).fill(255) }),
  ]);
}

/** What our session says at once, and after the seeder's greeting. */
export function ourGreeting(): { first: Uint8Array; second: Uint8Array } {
  const parts: Uint8Array[] = [];
  const out: SessionOut<PeerFact> = {
    write: (bytes) => parts.push(bytes.slice()) > 0,
    pause() {},
    resume() {},
    end() {},
    abort() {},
    emit() {},
  };
  const session = newSession({ address: '127.0.0.1', port: 6_881 });
  session.opened(0, out);
  const first = Buffer.concat(parts.splice(0));
  session.receive(greetingOf(), 1, out);
  sure(session.pieces.claimsAll, 'our session understands the seeder');
  return { first, second: Buffer.concat(parts) };
}
