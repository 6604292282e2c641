// What the sessions of one swarm share: the name, the metadata once known, and the verified pieces that can be served. Given to each session by its owner.
import type { HashRange } from './messages.ts';

/** Hashes to ask a peer for (BEP 52), and the length of the file whose tree they belong to: what they are checked with. */
export interface HashQuestion {
  readonly range: HashRange;
  readonly fileBytes: number;
}

/** One 16 KiB leaf of a piece, which can be checked by itself. */
export interface LeafPlan {
  /** Where in the piece, and how many bytes; the last leaf of a file may be shorter. */
  readonly begin: number;
  readonly bytes: number;
  readonly question: HashQuestion;
  /** Where in the answer the leaf's hash stands. */
  readonly at: number;
}

/** How the content is cut, and how a piece is checked: v1 by the SHA-1 of the piece, v2 by its merkle root. Made from metainfo. */
export interface PieceLayout {
  readonly pieces: number;
  /** Bytes of piece `index`; the last one may be shorter. */
  pieceBytes(index: number): number;
  /** Whether these bytes are that piece; undefined when its hash is not known (v2 without piece layers). */
  verify(index: number, bytes: Uint8Array): boolean | undefined;
  /** What to ask for before piece `index` can be checked; undefined when nothing is missing, or nothing helps. */
  hashesFor?(index: number): HashQuestion | undefined;
  /** Takes the checked answer to `hashesFor`. */
  addHashes?(range: HashRange, hashes: Uint8Array): void;
  /** A leaf of a piece; undefined where there is none such, or the torrent has no v2 side. */
  leaf?(index: number, leaf: number): LeafPlan | undefined;
  /** The answer to a hash request of a peer; undefined: refuse it. */
  answerHashes?(range: HashRange): Uint8Array | undefined;
}

/** Verified pieces that may be given away: a bounded cache. */
export interface PieceSource {
  /** How many there are. */
  readonly size: number;
  has(index: number): boolean;
  /** The piece, or undefined when it is not (or no longer) there. A view: it is copied into a message at once. */
  read(index: number): Uint8Array | undefined;
  indices(): Iterable<number>;
  /** Memory of exactly so many bytes that nobody uses any more, its content whatever it was: fresh memory costs more than what is done with it. */
  spare?(bytes: number): Uint8Array | undefined;
}

/** Permission to spend upload bytes now; false: later. Shared by many sessions. */
export interface UploadBudget {
  take(bytes: number, now: number): boolean;
}

export interface Swarm {
  /** 20 bytes: the hash that our handshakes carry. */
  readonly infoHash: Uint8Array;
  /** The v2 name, 20 bytes, once it is known that there is one: peers that use it speak BEP 52. */
  readonly infoHashV2?: Uint8Array | undefined;
  /** Whether `infoHash` names this swarm: a hybrid torrent has two names. */
  isNamed(infoHash: Uint8Array): boolean;
  /** The info dictionary, checked against the infohash; undefined until it is known. */
  readonly info: Uint8Array | undefined;
  readonly layout: PieceLayout | undefined;
  readonly pieces: PieceSource;
  readonly upload: UploadBudget;
  /** Peers of this swarm may be told of each other (never in a private torrent, BEP 27). */
  readonly allowsPex: boolean;
}
