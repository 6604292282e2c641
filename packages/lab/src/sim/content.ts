// A torrent of the lab: made-up files, their true hashes, the metainfo that describes them (BEP 3, 27, 47, 52) and its magnet (BEP 9).
import { type Encodable, encode } from '@swarmscope/bittorrent/bencode.ts';
import { sha1, sha256 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { MerkleTree } from './merkle.ts';
import { BLOCK_BYTES, payloadRange } from './payload.ts';

export interface ContentFile {
  readonly path: string;
  readonly bytes: number;
}

export interface ContentPlan {
  readonly name: string;
  readonly seed: number;
  /** A power of two, 16 KiB at least. */
  readonly pieceBytes: number;
  readonly files: readonly ContentFile[];
  readonly private?: boolean;
  /** Which versions the metainfo has. */
  readonly version?: 'v1' | 'hybrid' | 'v2';
  readonly trackers?: readonly string[];
}

/** A file with its place in the torrent: in v2 and hybrid torrents each file starts at a piece. */
interface Placed extends ContentFile {
  readonly offset: number;
  readonly paddingBytes: number;
}

/** What every peer of one torrent agrees on. Bytes are made on demand. */
export class Content {
  readonly plan: ContentPlan;
  readonly totalBytes: number;
  readonly pieces: number;
  /** The info dictionary, as BEP 9 serves it. */
  readonly info: Uint8Array;
  readonly infoHashV1: Uint8Array | undefined;
  /** The whole SHA-256. */
  readonly infoHashV2: Uint8Array | undefined;
  readonly torrentFile: Uint8Array;
  readonly #files: readonly Placed[];
  readonly #trees: ReadonlyMap<string, MerkleTree>;

  constructor(plan: ContentPlan) {
    const version = plan.version ?? 'v1';
    this.plan = plan;
    // A single file is named as the torrent is: in v1 there is no other name, and v2 must say the same.
    const files = plan.files.length === 1 ? [{ path: plan.name, bytes: plan.files[0]!.bytes }] : plan.files;
    this.#files = placed(files, version === 'v1' ? 1 : plan.pieceBytes);
    const last = this.#files.at(-1)!;
    this.totalBytes = last.offset + last.bytes;
    this.pieces = Math.ceil(this.totalBytes / plan.pieceBytes);
    this.#trees = new Map(version === 'v1' ? [] : this.#files.map((file) => [file.path, this.#treeOf(file)]));
    const info = {
      name: plan.name,
      'piece length': plan.pieceBytes,
      ...(plan.private ? { private: 1 } : {}),
      ...(version === 'v2' ? {} : this.#infoV1()),
      ...(version === 'v1' ? {} : { 'meta version': 2, 'file tree': this.#fileTree() }),
    };
    this.info = encode(info);
    this.infoHashV1 = version === 'v2' ? undefined : sha1(this.info);
    this.infoHashV2 = version === 'v1' ? undefined : sha256(this.info);
    this.torrentFile = encode({ info, ...this.#outside() });
  }

  /** What handshakes carry: the v1 hash, and the v2 one cut to 20 bytes. */
  get wireHashes(): readonly Uint8Array[] {
    const hashes = [this.infoHashV1, this.infoHashV2?.subarray(0, 20)];
    return hashes.filter((hash) => hash !== undefined);
  }

  /** `magnet:?xt=...` with all its hashes, its name and trackers. */
  get magnet(): string {
    const parts = [
      ...(this.infoHashV1 ? [`xt=urn:btih:${toHex(this.infoHashV1)}`] : []),
      ...(this.infoHashV2 ? [`xt=urn:btmh:1220${toHex(this.infoHashV2)}`] : []),
      `dn=${encodeURIComponent(this.plan.name)}`,
      ...(this.plan.trackers ?? []).map((url) => `tr=${encodeURIComponent(url)}`),
    ];
    return `magnet:?${parts.join('&')}`;
  }

  pieceLength(index: number): number {
    return Math.min(this.plan.pieceBytes, this.totalBytes - index * this.plan.pieceBytes);
  }

  /** Which pieces each file lies in: the first, and the one after the last. */
  get filePieces(): { readonly path: string; readonly first: number; readonly end: number }[] {
    const { pieceBytes } = this.plan;
    return this.#files.map(({ path, offset, bytes }) => {
      const first = Math.floor(offset / pieceBytes);
      return { path, first, end: bytes === 0 ? first : Math.ceil((offset + bytes) / pieceBytes) };
    });
  }

  /** Bytes of the torrent from `offset` on; what lies between aligned files is zero (BEP 47). */
  range(offset: number, length: number): Uint8Array {
    const bytes = payloadRange(this.plan.seed, offset, length);
    for (const file of this.#files) {
      const from = Math.max(file.offset + file.bytes - offset, 0);
      const to = Math.min(file.offset + file.bytes + file.paddingBytes - offset, length);
      if (from < to) bytes.fill(0, from, to);
    }
    return bytes;
  }

  /** The tree whose root a hash request names (BEP 52). */
  treeOf(root: Uint8Array): MerkleTree | undefined {
    const wanted = toHex(root);
    return [...this.#trees.values()].find((tree) => toHex(tree.root) === wanted);
  }

  #treeOf(file: Placed): MerkleTree {
    return new MerkleTree(file.bytes, (i) =>
      this.range(file.offset + i * BLOCK_BYTES, Math.min(BLOCK_BYTES, file.bytes - i * BLOCK_BYTES)),
    );
  }

  #infoV1(): Record<string, Encodable> {
    const hashes = new Uint8Array(20 * this.pieces);
    for (let i = 0; i < this.pieces; i++) hashes.set(sha1(this.range(i * this.plan.pieceBytes, this.pieceLength(i))), 20 * i);
    if (this.#files.length === 1) return { pieces: hashes, length: this.totalBytes };
    const files = this.#files.flatMap((file) => [
      { length: file.bytes, path: file.path.split('/') },
      ...(file.paddingBytes > 0 ? [{ attr: 'p', length: file.paddingBytes, path: ['.pad', `${file.paddingBytes}`] }] : []),
    ]);
    return { pieces: hashes, files };
  }

  /** Names of directories and files as nested dictionaries; a file is a dictionary with the empty key. */
  #fileTree(): Encodable {
    const root = new Map<string, Encodable>();
    for (const file of this.#files) {
      const names = file.path.split('/');
      let directory = root;
      for (const name of names.slice(0, -1)) {
        const inner = (directory.get(name) as Map<string, Encodable> | undefined) ?? new Map<string, Encodable>();
        directory.set(name, inner);
        directory = inner;
      }
      const leaf = { length: file.bytes, 'pieces root': this.#trees.get(file.path)!.root };
      directory.set(names.at(-1)!, { '': leaf });
    }
    return root;
  }

  /** What stands beside `info`. */
  #outside(): Record<string, Encodable> {
    const trackers = this.plan.trackers ?? [];
    const layers = new Map<string, Encodable>();
    for (const file of this.#files) {
      const tree = this.#trees.get(file.path);
      if (!tree || file.bytes <= this.plan.pieceBytes) continue;
      layers.set(String.fromCharCode(...tree.root), tree.pieceLayer(this.plan.pieceBytes, file.bytes));
    }
    return {
      ...(trackers[0] === undefined ? {} : { announce: trackers[0], 'announce-list': trackers.map((url) => [url]) }),
      ...(this.#trees.size > 0 ? { 'piece layers': layers } : {}),
      'created by': 'swarm lab',
    };
  }
}

function placed(files: readonly ContentFile[], alignment: number): Placed[] {
  let offset = 0;
  return files.map((file, i) => {
    const last = i === files.length - 1;
    const paddingBytes = last ? 0 : (alignment - (file.bytes % alignment)) % alignment;
    const at = offset;
    offset += file.bytes + paddingBytes;
    return { ...file, offset: at, paddingBytes };
  });
}
