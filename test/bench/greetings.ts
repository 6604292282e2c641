// What two peers say to each other first: handshake, extension handshake, bitfield; as bytes, and as our session would.

import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { encodeExtensionHandshake } from '@swarmscope/bittorrent/peer/extension.ts';
import { DEFAULT_TIMES, type PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { encodeFeatures, encodeHandshake } from '@swarmscope/bittorrent/peer/handshake.ts';
import { encodeMessage } from '@swarmscope/bittorrent/peer/messages.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import type { Swarm } from '@swarmscope/bittorrent/peer/swarm.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { sure } from './measure.ts';

const PIECES = 1_000;
export const HANDSHAKE_BYTES = 68;
export const INFO_HASH = randomBytes(seededRandom(31), 20);
export const PEER_ID = randomBytes(seededRandom(32), 20);
export const BITS = new Uint8Array(PIECES / 8).fill(255);

/** A swarm of whose content nothing is here. */
const swarm: Swarm = {
  infoHash: INFO_HASH,
  isNamed: (infoHash) => equalBytes(infoHash, INFO_HASH),
  info: undefined,
  layout: { pieces: PIECES, pieceBytes: () => 16_384, verify: () => false },
  pieces: { size: 0, has: () => false, read: () => undefined, indices: () => [] },
  upload: { take: () => false },
  allowsPex: true,
};

export function newSession(remote: Endpoint): PeerSession {
  const self = { client: 'Swarmscope', listenPort: 6_881 };
  return new PeerSession({ peerId: PEER_ID, swarm, remote, self, times: DEFAULT_TIMES });
}

/** What a seeder answers. */
export function seederGreeting(): Uint8Array {
  const reserved = encodeFeatures({ extended: true, fast: true });
  const extended = encodeExtensionHandshake({
    extensions: new Map([
      ['ut_metadata', 2],
      ['ut_pex', 1],
    ]),
    client: 'a seeder',
    listenPort: 6_881,
    queue: 250,
    yourAddress: '127.0.0.1',
    metadataBytes: 20_000,
    uploadOnly: true,
  });
  return Buffer.concat([
    encodeHandshake({ reserved, infoHash: INFO_HASH, peerId: randomBytes(seededRandom(33), 20) }),
    encodeMessage({ type: 'extended', id: 0, payload: extended }),
    encodeMessage({ type: 'bitfield', bits: BITS }),
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
  session.receive(seederGreeting(), 1, out);
  sure(session.pieces.claimsAll, 'our session understands the seeder');
  return { first, second: Buffer.concat(parts) };
}
