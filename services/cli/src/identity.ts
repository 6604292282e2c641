// Who this installation is in the DHT: node ids that stay over restarts, in a file of the data directory.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import { writeFileAtomic } from '@swarmscope/runtime/files.ts';

const IDENTITY_FILE = 'identity.json';

export interface Identity {
  nodeId(family: 4 | 6): Uint8Array | undefined;
  /** Keeps an id for this start and the next ones; returns it. */
  keep(family: 4 | 6, id: Uint8Array): Uint8Array;
}

/** The identity of a data directory; without one, an identity of this process alone. A file that cannot be read counts as absent: new ids are made. */
export function openIdentity(directory: string | undefined): Identity {
  const ids = directory === undefined ? {} : readIds(join(directory, IDENTITY_FILE));
  return {
    nodeId: (family) => ids[`v${family}`],
    keep(family, id) {
      ids[`v${family}`] = id;
      if (directory !== undefined) {
        const texts = Object.fromEntries(Object.entries(ids).map(([name, value]) => [name, toHex(value)]));
        writeFileAtomic(join(directory, IDENTITY_FILE), `${JSON.stringify(texts)}\n`, 0o600);
      }
      return id;
    },
  };
}

/** Ids that somebody else keeps over restarts: what is kept here lasts as long as the process. */
export function fixedIdentity(given: Readonly<Record<4 | 6, Uint8Array | undefined>>): Identity {
  const ids = { ...given };
  return {
    nodeId: (family) => ids[family],
    keep(family, id) {
      ids[family] = id;
      return id;
    },
  };
}

function readIds(file: string): Record<string, Uint8Array> {
  try {
    const texts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(texts).flatMap(([name, text]) => {
        const id = typeof text === 'string' ? fromHex(text) : undefined;
        return id?.length === 20 ? [[name, id]] : [];
      }),
    );
  } catch {
    return {};
  }
}
