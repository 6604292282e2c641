// Files of a torrent: their names made safe as data, and their places in the space of the pieces (BEP 3, 52).

/** One file, in the order of the torrent; padding files (v1 and hybrid) included, since they take part in pieces. */
export interface InfoFile {
  /** Names of directories and of the file, cleaned for use as data: none is empty, `.` or `..`, or holds a slash or a control character. */
  readonly path: readonly string[];
  readonly bytes: number;
  /** Where it begins in the space of the pieces. */
  readonly offset: number;
  readonly padding: boolean;
  /** The root of its merkle tree (v2, not empty). */
  readonly root: Uint8Array | undefined;
}

/** A file before its place is known. */
export type FilePlan = Omit<InfoFile, 'offset'>;

/** Files with their places, and the length of the space they lie in. */
export interface Placed {
  readonly files: readonly InfoFile[];
  readonly spanBytes: number;
}

/** No file system holds a longer name; events cut whole paths again. */
const NAME_CHARACTERS = 255;
// What would split a path, move the cursor of a terminal or turn the direction of text around.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One name of a path, or the name of a torrent: unsafe characters and the names that lead elsewhere become `_`; cut; never empty. */
export function cleanName(name: string, characters = NAME_CHARACTERS): string {
  const cut = name.slice(0, characters).toWellFormed().replace(UNSAFE, '_');
  return cut === '' || cut === '.' || cut === '..' ? '_' : cut;
}

/** Places files one after the other, each at a multiple of `alignment` (1: no gaps). Empty files take no place. */
export function place(plans: readonly FilePlan[], alignment: number): Placed {
  let end = 0;
  const files = plans.map((plan) => {
    const offset = plan.bytes === 0 ? end : Math.ceil(end / alignment) * alignment;
    end = offset + plan.bytes;
    return { ...plan, offset };
  });
  return { files, spanBytes: end };
}
