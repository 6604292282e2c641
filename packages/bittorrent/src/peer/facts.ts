// What a peer session finds out, and why one ends: the closed sets that its owner stores and counts.
import type { Endpoint, Outcome } from '../machine.ts';
import type { MalformedReason } from '../malformed.ts';
import type { ChallengeResult } from './challenge.ts';
import type { Features } from './handshake.ts';
import type { HolepunchMessage } from './holepunch.ts';
import type { MetadataFailure } from './metadata-fetch.ts';
import type { PexPeer } from './pex.ts';

/** Parts of the wire that can be malformed; with the reason they name a violation. */
type Part = 'frame' | 'message' | 'bitfield' | 'have' | 'extension' | 'metadata' | 'pex' | 'hashes' | 'holepunch';

/** What ends a session as the peer's fault. `frame_slow`: a frame that does not become whole. `flood`: too much that is of no use. */
export type Violation = `${Part}_${MalformedReason}` | 'handshake_bad_field' | 'frame_slow' | 'flood';

/** Why a session ended that had no violation: the remote or the network did it, we had finished, or a deadline passed. */
export type Ending = Violation | 'remote' | 'finished' | 'idle' | 'lifetime' | 'silent';

/** Messages that are lawful and of no use; a peer may send some of each, not many in all. */
export const USELESS = [
  'keep_alive',
  'unknown_message',
  'repeated_state',
  'flapping_state',
  'bitfield_again',
  'have_known',
  'block_unasked',
  'reject_unasked',
  'request_senseless',
  'cancel_unknown',
  'extension_unknown',
  'metadata_unasked',
  'metadata_again',
  'pex_early',
  'pex_private',
  'holepunch_again',
  'hashes_unasked',
  'hashes_refused',
] as const;
export type Useless = (typeof USELESS)[number];

export type PeerFact =
  /** The stream is open; the handshake begins. */
  | { readonly type: 'opened' }
  | { readonly type: 'handshaken'; readonly infoHash: Uint8Array; readonly peerId: Uint8Array; readonly features: Features }
  | {
      readonly type: 'extended';
      readonly client: string | undefined;
      /** Names of what it offers, sorted. */
      readonly extensions: readonly string[];
      readonly uploadOnly: boolean | undefined;
      readonly listenPort: number | undefined;
      readonly yourAddress: string | undefined;
      readonly metadataBytes: number | undefined;
    }
  | { readonly type: 'upload_only'; readonly uploadOnly: boolean }
  /** What it shows now; `index` when one HAVE (or DONTHAVE) changed it. `have` and `total` are undefined while they cannot be known. */
  | {
      readonly type: 'pieces';
      readonly have: number | undefined;
      readonly total: number | undefined;
      readonly index: number | undefined;
    }
  | { readonly type: 'choked' | 'unchoked' }
  | { readonly type: 'interested'; readonly interested: boolean }
  /** The info dictionary, its hash checked. */
  | { readonly type: 'metadata'; readonly info: Uint8Array }
  | { readonly type: 'metadata_failed'; readonly reason: MetadataFailure }
  /** A relay's answer or order, or the wish that we relay (BEP 55). */
  | { readonly type: 'holepunch'; readonly message: HolepunchMessage }
  | { readonly type: 'pex'; readonly added: readonly PexPeer[]; readonly dropped: readonly Endpoint[] }
  | {
      readonly type: 'challenge';
      readonly piece: number;
      /** Which of its 16 KiB leaves was asked for; undefined: the whole piece. */
      readonly leaf?: number | undefined;
      readonly result: ChallengeResult;
      /** From the first request; 0 when none went out. */
      readonly ms: number;
      /** The verified piece, when all of it was asked for and it passed. */
      readonly data: Uint8Array | undefined;
    }
  /** The last fact. `outcome` is `handshaken` whenever the handshake was good, however it ended afterwards. */
  | {
      readonly type: 'closed';
      readonly outcome: Outcome;
      readonly ending: Ending;
      readonly bytesDown: number;
      readonly bytesUp: number;
      readonly useless: ReadonlyMap<Useless, number>;
    };

/** Deadlines of a session, all in milliseconds. */
export interface SessionTimes {
  /** From the open stream to the whole handshake. */
  readonly handshakeMs: number;
  /** From the first byte of a frame to its last. */
  readonly frameMs: number;
  /** Without a message from it. */
  readonly idleMs: number;
  /** Without a message from us: then a keep-alive. */
  readonly keepAliveMs: number;
  /** The whole session. */
  readonly lifeMs: number;
  /** Between blocks of the metadata. */
  readonly metadataMs: number;
  /** Between blocks of a challenged piece. */
  readonly challengeMs: number;
  /** Between a refused request and asking once more. */
  readonly rejectRetryMs: number;
}

/** For the real network. Two minutes without a message is BEP 3's keep-alive; a slow seeder needs 10 s for a block. */
export const DEFAULT_TIMES: SessionTimes = {
  handshakeMs: 10_000,
  frameMs: 60_000,
  idleMs: 180_000,
  keepAliveMs: 100_000,
  lifeMs: 1_800_000,
  metadataMs: 10_000,
  challengeMs: 30_000,
  rejectRetryMs: 2_000,
};
