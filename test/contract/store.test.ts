// The store contract on the embedded store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import { afterAll, describe } from 'vitest';
import { storeContract } from './store-suite.ts';

describe('embedded', () => {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-store-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  storeContract(() => openEmbedded({ directory }));
});
