// Records stay below 256 KiB: lists are cut, and their totals kept.

/** The largest record that is published, in bytes of JSON. */
export const RECORD_BYTES_MAX = 256 * 1024;

export const FILES_MAX = 1_000;
export const FILES_AT_RISK_MAX = 1_000;
export const RANGES_MAX = 256;
export const HISTOGRAM_MAX = 65;
export const SCORES_MAX = 1_000;
export const MAINTENANCE_MAX = 64;
export const PATH_MAX = 4_096;

/** What a list of files may take of a record: leaves room for every other column. */
const FILES_BYTES_MAX = 192 * 1024;

/** A file of `torrent_resolved.files`. */
export interface FileEntry {
  path: string;
  size_bytes: string;
  merkle_root: string | null;
}

/** The first files, at most 1 000 and at most 192 KiB of JSON, with the total of all. Paths are made well-formed and cut. */
export function cutFiles(files: Iterable<FileEntry>): { files: FileEntry[]; files_total: number } {
  const kept: FileEntry[] = [];
  let bytes = 0;
  let total = 0;
  let open = true;
  for (const file of files) {
    total += 1;
    if (!open) continue;
    const entry = { ...file, path: cutText(file.path, PATH_MAX) };
    bytes += jsonBytes(JSON.stringify(entry)) + 1;
    open = kept.length < FILES_MAX && bytes <= FILES_BYTES_MAX;
    if (open) kept.push(entry);
  }
  return { files: kept, files_total: total };
}

/** Text as a column can hold it: lone surrogates replaced, at most `max` characters, no half of a surrogate pair at the cut. */
export function cutText(value: string, max: number): string {
  const cut = value.length > max ? value.slice(0, max) : value;
  return cut.isWellFormed() ? cut : cut.toWellFormed();
}

/** Bytes of a text in UTF-8. */
export function jsonBytes(json: string): number {
  return Buffer.byteLength(json);
}
