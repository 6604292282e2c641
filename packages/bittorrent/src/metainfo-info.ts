// The info dictionary of a torrent (BEP 3, 27, 47, 52), from a .torrent file or from peers (BEP 9): read strictly, hashed as it stands.
import { decode, type Value } from './bencode.ts';
import { sha1, sha256 } from './hash.ts';
import { Malformed } from './malformed.ts';
import { LEAF_BYTES } from './merkle.ts';
import { cleanName, type FilePlan, type InfoFile, type Placed, place } from './metainfo-files.ts';
import { fileTree } from './metainfo-tree.ts';
import { MAX_METADATA_BYTES } from './peer/metadata.ts';
import { MAX_PIECES } from './peer/pieces.ts';

// info         = dictionary
//   name          text; name.utf-8 before it where both are there
//   piece length  v1: any; v2: a power of two, 16 KiB at least
//   private       1 (BEP 27)                                        source  text
//   pieces        v1: 20 bytes each                                 length  v1: bytes of the only file
//   files         v1: list of {length, path: list of text, attr}    ; "p" in attr: padding, "l": symbolic link (BEP 47)
//   meta version  v2: 2                                             file tree  v2, see metainfo-tree.ts
//
// v1 has `pieces`, v2 has `file tree`, a hybrid has both, which must describe the same files at the same places.

/** Larger pieces than any engine makes; events store the length in 32 bits. */
const MAX_PIECE_BYTES = 1 << 29;
const NAME_CHARACTERS = 1_024;
const LIMITS = { depth: 100, items: 1_000_000, bytes: MAX_METADATA_BYTES };

/** An info dictionary, checked. Byte strings are views into `bytes`. */
export interface Info {
  /** As it stands: what BEP 9 serves and what is hashed. Its own memory. */
  readonly bytes: Uint8Array;
  /** 20 bytes; undefined for a pure v2 torrent. */
  readonly infoHashV1: Uint8Array | undefined;
  /** All 32 bytes; undefined for a pure v1 torrent. */
  readonly infoHashV2: Uint8Array | undefined;
  /** The identity of the swarm, 20 bytes: the v1 infohash, else the v2 one cut. */
  readonly swarmId: Uint8Array;
  readonly name: string;
  readonly files: readonly InfoFile[];
  /** Bytes of all files without padding. */
  readonly sizeBytes: number;
  readonly pieceBytes: number;
  readonly pieces: number;
  /** Length of the space that the pieces cut: padding and gaps between v2 files included. */
  readonly spanBytes: number;
  /** 20 bytes for each piece (v1); undefined for a pure v2 torrent. */
  readonly pieceHashes: Uint8Array | undefined;
  readonly private: boolean;
  readonly source: string | undefined;
}

/** The names that handshakes, trackers and the DHT know the torrent by: one, or two of a hybrid. 20 bytes each. */
export function wireHashes(info: Info): readonly Uint8Array[] {
  const hashes = [info.infoHashV1, info.infoHashV2?.subarray(0, 20)];
  return hashes.filter((hash) => hash !== undefined);
}

/** Reads an info dictionary; whether it fits an infohash is the caller's to compare. `bytes` are copied. */
export function parseInfo(bytes: Uint8Array): Info | Malformed {
  if (bytes.length > MAX_METADATA_BYTES) return new Malformed('too_long');
  const own = bytes.slice();
  const decoded = decode(own, LIMITS);
  if (decoded instanceof Malformed) return decoded;
  return decoded instanceof Map ? readInfo(decoded, own) : new Malformed('bad_type');
}

type Dictionary = ReadonlyMap<string, Value>;

function readInfo(info: Dictionary, bytes: Uint8Array): Info | Malformed {
  const version = info.get('meta version') ?? 1;
  if (version !== 1 && version !== 2) return new Malformed('unknown_message'); // BEP 52: before anything else is judged
  const name = text(info, 'name');
  if (name === undefined) return new Malformed('missing_field');
  const pieceBytes = info.get('piece length');
  if (typeof pieceBytes !== 'number') return new Malformed(pieceBytes === undefined ? 'missing_field' : 'bad_type');
  if (pieceBytes < 1 || pieceBytes > MAX_PIECE_BYTES) return new Malformed('out_of_range');
  const isV2 = version === 2;
  const isV1 = !isV2 || info.has('pieces');
  const v1 = isV1 ? readV1(info, pieceBytes, name) : undefined;
  if (v1 instanceof Malformed) return v1;
  const v2 = isV2 ? readV2(info, pieceBytes) : undefined;
  if (v2 instanceof Malformed) return v2;
  const layout = joined(v1, v2);
  if (layout instanceof Malformed) return layout;
  const infoHashV1 = isV1 ? sha1(bytes) : undefined;
  const infoHashV2 = isV2 ? sha256(bytes) : undefined;
  return {
    bytes,
    infoHashV1,
    infoHashV2,
    swarmId: infoHashV1 ?? infoHashV2!.subarray(0, 20),
    name: cleanName(name, NAME_CHARACTERS),
    files: layout.files,
    sizeBytes: layout.files.reduce((sum, file) => sum + (file.padding ? 0 : file.bytes), 0),
    pieceBytes,
    pieces: Math.ceil(layout.spanBytes / pieceBytes),
    spanBytes: layout.spanBytes,
    pieceHashes: isV1 ? (info.get('pieces') as Uint8Array) : undefined,
    private: isPrivate(info.get('private')),
    source: text(info, 'source'),
  };
}

/** Anything but an absent flag or a zero keeps the torrent to its trackers: to tell of it by mistake cannot be undone. */
function isPrivate(flag: Value | undefined): boolean {
  return flag !== undefined && flag !== 0;
}

/** A text field, its `.utf-8` twin preferred; undefined when there is none, or it is no string. */
function text(dictionary: Dictionary, key: string): string | undefined {
  for (const value of [dictionary.get(`${key}.utf-8`), dictionary.get(key)])
    if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return undefined;
}

function readV1(info: Dictionary, pieceBytes: number, name: string): Placed | Malformed {
  const pieces = info.get('pieces');
  if (!(pieces instanceof Uint8Array)) return new Malformed(pieces === undefined ? 'missing_field' : 'bad_type');
  if (info.has('files') === info.has('length')) return new Malformed(info.has('files') ? 'bad_field' : 'missing_field');
  const plans = info.has('files') ? readFiles(info.get('files')!) : readOnlyFile(info.get('length')!, name);
  if (plans instanceof Malformed) return plans;
  const placed = checkedPlace(plans, pieceBytes, 1);
  if (placed instanceof Malformed) return placed;
  return pieces.length === 20 * Math.ceil(placed.spanBytes / pieceBytes) ? placed : new Malformed('bad_length');
}

function readOnlyFile(length: Value, name: string): FilePlan[] | Malformed {
  if (typeof length !== 'number') return new Malformed('bad_type');
  if (length < 0) return new Malformed('out_of_range');
  return [{ path: [cleanName(name)], bytes: length, padding: false, root: undefined }];
}

function readFiles(files: Value): FilePlan[] | Malformed {
  if (!Array.isArray(files)) return new Malformed('bad_type');
  const plans: FilePlan[] = [];
  for (const file of files) {
    const plan = readFile(file);
    if (plan instanceof Malformed) return plan;
    plans.push(plan);
  }
  return plans;
}

function readFile(file: Value): FilePlan | Malformed {
  if (!(file instanceof Map)) return new Malformed('bad_type');
  const names = file.get('path.utf-8') ?? file.get('path');
  if (!Array.isArray(names) || names.length === 0) return new Malformed(names === undefined ? 'missing_field' : 'bad_type');
  const path: string[] = [];
  for (const name of names) {
    if (!(name instanceof Uint8Array)) return new Malformed('bad_type');
    path.push(cleanName(new TextDecoder().decode(name)));
  }
  const attributes = text(file, 'attr') ?? '';
  const bytes = attributes.includes('l') ? 0 : file.get('length');
  if (typeof bytes !== 'number') return new Malformed(bytes === undefined ? 'missing_field' : 'bad_type');
  return bytes < 0 ? new Malformed('out_of_range') : { path, bytes, padding: attributes.includes('p'), root: undefined };
}

function readV2(info: Dictionary, pieceBytes: number): Placed | Malformed {
  if (pieceBytes < LEAF_BYTES || (pieceBytes & (pieceBytes - 1)) !== 0) return new Malformed('bad_field');
  const plans = fileTree(info.get('file tree'));
  return plans instanceof Malformed ? plans : checkedPlace(plans, pieceBytes, pieceBytes);
}

/** Files at their places, with a number of pieces that can be dealt with. */
function checkedPlace(plans: readonly FilePlan[], pieceBytes: number, alignment: number): Placed | Malformed {
  const placed = place(plans, alignment);
  if (placed.spanBytes === 0) return new Malformed('missing_field');
  const tooMany = !Number.isSafeInteger(placed.spanBytes) || placed.spanBytes / pieceBytes > MAX_PIECES;
  return tooMany ? new Malformed('out_of_range') : placed;
}

/** The files of both versions as one list: v1's order and padding, v2's roots. They must agree on every file and its place. */
function joined(v1: Placed | undefined, v2: Placed | undefined): Placed | Malformed {
  if (!v1 || !v2) return v1 ?? v2 ?? new Malformed('missing_field');
  const real = v1.files.filter((file) => !file.padding);
  if (real.length !== v2.files.length) return new Malformed('bad_field');
  const roots = new Map<InfoFile, Uint8Array | undefined>();
  for (const [i, file] of real.entries()) {
    const twin = v2.files[i]!;
    const isSame = file.bytes === twin.bytes && file.path.join('/') === twin.path.join('/');
    if (!isSame || (file.bytes > 0 && file.offset !== twin.offset)) return new Malformed('bad_field');
    roots.set(file, twin.root);
  }
  return { ...v1, files: v1.files.map((file) => ({ ...file, root: roots.get(file) })) };
}
