// The store that a command asks: a server, the one of the process that has the data directory, or the directory's own.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import { openHttp } from '@swarmscope/store/http.ts';
import { type Store, StoreError } from '@swarmscope/store/store.ts';
import { findRunning, holdDirectory } from './data-directory.ts';
import { Failure, usageFailure } from './failure.ts';
import { storeFailure } from './store-failure.ts';

export interface StoreChoice {
  data: string;
  /** URL of a ClickHouse server. */
  store?: string;
}

export interface AccessOptions {
  /** Make the store if there is none. */
  create?: boolean;
  /** Rows will be written: not possible through the front of a running process. */
  write?: boolean;
}

/** Where the embedded store lies in a data directory. */
export function storeDirectory(data: string): string {
  return join(resolve(data), 'store');
}

/** Opens, uses and closes the store chosen; what the store refuses becomes one sentence. */
export async function withStore<T>(
  choice: StoreChoice,
  command: string,
  use: (store: Store) => Promise<T>,
  options: AccessOptions = {},
): Promise<T> {
  try {
    const { store, release } = await openChosen(choice, command, options);
    try {
      return await use(store);
    } finally {
      await store.close();
      release();
    }
  } catch (error) {
    throw error instanceof StoreError ? storeFailure(error) : error;
  }
}

async function openChosen(
  { data, store: url }: StoreChoice,
  command: string,
  options: AccessOptions,
): Promise<{ store: Store; release: () => void }> {
  if (url !== undefined) return { store: await openHttp({ url: readUrl(url) }), release() {} };
  const running = findRunning(resolve(data));
  if (running && options.write)
    throw new Failure(`${data} is in use by \`swarmscope ${running.command}\` (process ${running.pid}); end it first`);
  if (running && running.url === null)
    throw new Failure(`\`swarmscope ${running.command}\` (process ${running.pid}) is still starting; try again in a moment`);
  if (running) return { store: await openHttp({ url: `${running.url!}/swarmscope` }), release() {} };
  const directory = storeDirectory(data);
  if (!options.create && !existsSync(directory))
    throw new Failure(`there is no store in ${data} yet; \`swarmscope up\` or \`swarmscope demo --data ${data}\` makes one`);
  const held = holdDirectory(data, command, Date.now());
  try {
    return { store: await openEmbedded({ directory }), release: () => held.release() };
  } catch (error) {
    held.release();
    throw error;
  }
}

function readUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw usageFailure(`--store is an http or https address, not ${JSON.stringify(text)}`);
  return text;
}
