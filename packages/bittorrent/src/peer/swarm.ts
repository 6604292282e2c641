// What the sessions of one swarm share: the name, the metadata once known, and the verified pieces that can be served. Given to each session by its owner.

/** How the content is cut, and how a piece is checked: v1 by the SHA-1 of the piece, v2 by its merkle root. Made from metainfo. */
export interface PieceLayout {
  readonly pieces: number;
  /** Bytes of piece `index`; the last one may be shorter. */
  pieceBytes(index: number): number;
  /** Whether these bytes are that piece; undefined when its hash is not known (v2 without piece layers). */
  verify(index: number, bytes: Uint8Array): boolean | undefined;
}

/** Verified pieces that may be given away: a bounded cache. */
export interface PieceSource {
  /** How many there are. */
  readonly size: number;
  has(index: number): boolean;
  /** The piece, or undefined when it is not (or no longer) there. A view: it is copied into a message at once. */
  read(index: number): Uint8Array | undefined;
  indices(): Iterable<number>;
}

/** Permission to spend upload bytes now; false: later. Shared by many sessions. */
export interface UploadBudget {
  take(bytes: number, now: number): boolean;
}

export interface Swarm {
  /** 20 bytes: the hash that our handshakes carry. */
  readonly infoHash: Uint8Array;
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
