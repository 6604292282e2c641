// How a torrent's pieces are cut and checked (BEP 3, 52), and which files a piece touches. What peer sessions ask of metainfo.
import { sha1 } from './hash.ts';
import { equalBytes } from './hex.ts';
import { LEAF_BYTES, pieceRoot, smallFileRoot } from './merkle.ts';
import type { InfoFile } from './metainfo-files.ts';
import type { Info } from './metainfo-info.ts';
import type { HashRange } from './peer/messages.ts';
import type { HashQuestion, LeafPlan, PieceLayout } from './peer/swarm.ts';
import { leafPlan, PieceLayers, type TreeFile } from './piece-layers.ts';

/** A part of a piece that belongs to one file. */
export interface FilePart {
  /** Index in `Info.files`. */
  readonly file: number;
  /** Where in the file, and how many bytes. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * The pieces of one torrent. v1 and hybrid pieces are checked by SHA-1 (a hybrid's is the padded piece); pieces of a pure v2 torrent end where
 * their file ends and are checked by merkle root, for which files longer than a piece need their layer: from the .torrent, or by hash requests.
 */
export class TorrentLayout implements PieceLayout {
  readonly info: Info;
  readonly #layers: PieceLayers;

  constructor(info: Info, layers: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.info = info;
    this.#layers = new PieceLayers(info.pieceBytes, layers);
  }

  get pieces(): number {
    return this.info.pieces;
  }

  pieceBytes(index: number): number {
    const { info } = this;
    const start = index * info.pieceBytes;
    if (info.pieceHashes) return Math.min(info.pieceBytes, info.spanBytes - start);
    const file = info.files[this.#fileAt(start)]!;
    return Math.min(info.pieceBytes, file.offset + file.bytes - start);
  }

  /** Whether the hash of a piece is known. */
  canVerify(index: number): boolean {
    const { info } = this;
    if (index < 0 || index >= info.pieces) return false;
    if (info.pieceHashes) return true;
    return this.hashesFor(index) === undefined;
  }

  hashesFor(index: number): HashQuestion | undefined {
    const { info } = this;
    if (info.pieceHashes) return undefined;
    const [file, piece] = this.#place(index);
    if (file.bytes <= info.pieceBytes || !hasRoot(file) || this.#layers.hash(file, piece)) return undefined;
    return this.#layers.question(file, piece);
  }

  addHashes(range: HashRange, hashes: Uint8Array): void {
    const file = this.#fileOf(range.root);
    if (file) this.#layers.addRange(file, range, hashes);
  }

  leaf(index: number, leaf: number): LeafPlan | undefined {
    const [file, piece] = this.#place(index);
    return hasRoot(file) ? leafPlan(file, piece * this.info.pieceBytes, leaf * LEAF_BYTES) : undefined;
  }

  /** The leaves of a piece that hold bytes of its file; 0 where the torrent has no v2 side. */
  leavesOf(index: number): number {
    const [file, piece] = this.#place(index);
    if (!hasRoot(file)) return 0;
    const bytes = Math.min(this.info.pieceBytes, file.bytes - piece * this.info.pieceBytes);
    return Math.ceil(bytes / LEAF_BYTES);
  }

  answerHashes(range: HashRange): Uint8Array | undefined {
    const file = this.#fileOf(range.root);
    return file && this.#layers.answer(file, range);
  }

  verify(index: number, bytes: Uint8Array): boolean | undefined {
    const { info } = this;
    if (index < 0 || index >= info.pieces || bytes.length !== this.pieceBytes(index)) return false;
    if (info.pieceHashes) return equalBytes(sha1(bytes), info.pieceHashes.subarray(20 * index, 20 * index + 20));
    return this.#verifyV2(index, bytes);
  }

  /** Takes the piece layer of a file (its root in bytes); false when it is not that of any file here. */
  addLayer(root: Uint8Array, layer: Uint8Array): boolean {
    const file = this.#fileOf(root);
    return file !== undefined && this.#layers.addWhole(file, layer);
  }

  /** Parts of files in a piece, in order, padding included; empty for an index beyond the end. */
  filesOf(index: number): FilePart[] {
    const { files, pieceBytes, pieces } = this.info;
    if (index < 0 || index >= pieces) return [];
    const [start, end] = [index * pieceBytes, index * pieceBytes + this.pieceBytes(index)];
    const parts: FilePart[] = [];
    for (let i = this.#fileAt(start); i < files.length && files[i]!.offset < end; i++) {
      const file = files[i]!;
      const from = Math.max(start, file.offset);
      const bytes = Math.min(end, file.offset + file.bytes) - from;
      if (bytes > 0) parts.push({ file: i, offset: from - file.offset, bytes });
    }
    return parts;
  }

  /** The pieces that hold bytes of a file: [first, end); none for an empty one. */
  piecesOf(file: number): { first: number; end: number } {
    const { offset, bytes } = this.info.files[file]!;
    const first = Math.floor(offset / this.info.pieceBytes);
    return { first, end: bytes === 0 ? first : Math.ceil((offset + bytes) / this.info.pieceBytes) };
  }

  #verifyV2(index: number, bytes: Uint8Array): boolean | undefined {
    const { info } = this;
    const [file, piece] = this.#place(index);
    if (!hasRoot(file)) return undefined;
    if (file.bytes <= info.pieceBytes) return equalBytes(smallFileRoot(bytes), file.root);
    const hash = this.#layers.hash(file, piece);
    return hash && equalBytes(pieceRoot(bytes, info.pieceBytes), hash);
  }

  #fileOf(root: Uint8Array): TreeFile | undefined {
    return this.info.files.filter(hasRoot).find((file) => equalBytes(file.root, root));
  }

  /** The file that a piece begins in, and which of its pieces that is, where files begin at pieces (v2, hybrid). */
  #place(index: number): [InfoFile, number] {
    const start = index * this.info.pieceBytes;
    const file = this.info.files[this.#fileAt(start)]!;
    return [file, Math.floor((start - file.offset) / this.info.pieceBytes)];
  }

  /** The file that holds the byte at `position`: the last one that begins there or before, and is not empty. */
  #fileAt(position: number): number {
    const { files } = this.info;
    let [low, high] = [0, files.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (files[middle]!.offset <= position) low = middle;
      else high = middle - 1;
    }
    while (low > 0 && files[low]!.bytes === 0) low--;
    return low;
  }
}

function hasRoot(file: InfoFile): file is InfoFile & TreeFile {
  return file.root !== undefined;
}
