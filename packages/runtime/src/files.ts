// Files that are whole or absent: written beside their place, made durable, then moved there.
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from './outcome.ts';

/** Replaces `path`. A crash leaves the old content or the new one, never a part. Throws the system's error. */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): void {
  placed(path, content, mode, renameSync);
}

/** The same, but for a file that must not exist yet: false when it does, and then it is left as it is. */
export function createFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): boolean {
  try {
    placed(path, content, mode, linkSync);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function placed(path: string, content: string | Uint8Array, mode: number, place: (from: string, to: string) => void): void {
  const beside = `${path}.${process.pid}.new`;
  try {
    const file = openSync(beside, 'w', mode);
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    place(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
  syncDirectory(dirname(path));
}

/** Makes a rename durable, where the system lets directories be opened. */
function syncDirectory(path: string): void {
  let directory: number;
  try {
    directory = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(directory);
  } catch {
    // Windows and some network file systems refuse: the rename is as durable as they make it.
  } finally {
    closeSync(directory);
  }
}
