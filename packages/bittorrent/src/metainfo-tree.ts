// The file tree of a v2 torrent (BEP 52): directories as nested dictionaries, files as dictionaries under the empty name.
import type { Value } from './bencode.ts';
import { Malformed } from './malformed.ts';
import { HASH_BYTES } from './merkle.ts';
import { cleanName, type FilePlan } from './metainfo-files.ts';

// directory = dictionary of name: directory, or name: {"": file}
// file      = {length, "pieces root": 32 bytes (when length > 0), attr}
//
// The order of the keys is the order of the pieces, so here, unlike elsewhere, keys out of order are refused: two readers would disagree.

/** The files in their order; the root must be a directory that is not empty. */
export function fileTree(tree: Value | undefined): FilePlan[] | Malformed {
  if (tree === undefined) return new Malformed('missing_field');
  if (!(tree instanceof Map)) return new Malformed('bad_type');
  if (tree.has('')) return new Malformed('bad_field');
  const files: FilePlan[] = [];
  return readDirectory(tree, [], files) ?? files;
}

/** Depth is bounded by the decoder's limit. */
function readDirectory(directory: ReadonlyMap<string, Value>, path: readonly string[], files: FilePlan[]): Malformed | undefined {
  let before = '';
  for (const [key, value] of directory) {
    if (key < before) return new Malformed('unsorted_keys');
    before = key;
    if (!(value instanceof Map)) return new Malformed('bad_type');
    const inner = [...path, cleanName(nameOf(key))];
    const wrong = value.has('') ? readLeaf(value, inner, files) : readDirectory(value, inner, files);
    if (wrong) return wrong;
  }
  return undefined;
}

/** Keys are one character a byte: the name is the UTF-8 that they are. */
function nameOf(key: string): string {
  return new TextDecoder().decode(Uint8Array.from(key, (character) => character.charCodeAt(0)));
}

function readLeaf(entry: ReadonlyMap<string, Value>, path: readonly string[], files: FilePlan[]): Malformed | undefined {
  const file = entry.get('');
  if (!(file instanceof Map)) return new Malformed('bad_type');
  if (entry.size !== 1) return new Malformed('bad_field'); // a file is no directory as well
  const attributes = file.get('attr');
  const isLink = attributes instanceof Uint8Array && attributes.includes(0x6c);
  const bytes = isLink ? 0 : file.get('length');
  if (typeof bytes !== 'number') return new Malformed(bytes === undefined ? 'missing_field' : 'bad_type');
  if (bytes < 0) return new Malformed('out_of_range');
  const root = bytes > 0 ? file.get('pieces root') : undefined;
  if (bytes > 0 && !(root instanceof Uint8Array)) return new Malformed('missing_field');
  if (root instanceof Uint8Array && root.length !== HASH_BYTES) return new Malformed('bad_length');
  files.push({ path, bytes, padding: false, root: root as Uint8Array | undefined });
  return undefined;
}
