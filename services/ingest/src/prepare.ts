// The start of ingest: the store is waited for, and brought to this version.
import { setTimeout as sleep } from 'node:timers/promises';
import { type MigrationReport, type Store, StoreError } from '@swarmscope/store/store.ts';
import type { IngestLog } from './ingest.ts';

const RETRY_MS = 2_000;

/** Migrates as soon as the store answers; a store that does not answer is waited for until `ending`. What it refuses is thrown. */
export async function prepareStore(
  store: Pick<Store, 'migrate'>,
  log: IngestLog,
  ending: AbortSignal,
  pause: (signal: AbortSignal) => Promise<unknown> = (signal) => sleep(RETRY_MS, undefined, { signal }).catch(() => {}),
): Promise<MigrationReport> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const report = await store.migrate();
      if (report.applied.length > 0) log.info({ ...report }, 'The store was brought to this version.');
      return report;
    } catch (error) {
      const isAway = error instanceof StoreError && error.code === 0 && error.cause !== undefined;
      if (!isAway || ending.aborted) throw error;
      if (attempt % 15 === 0) log.warn({ error: error.message }, 'The store does not answer yet; waiting for it.');
      await pause(ending);
    }
  }
}
