// kill -9 on a node that stores in process: at most the last second or 5 000 events are lost, nothing is doubled, and the store opens again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import { afterAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'swarmscope-durability-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Publishes from `first` on for some time, then dies; answers what it had published, and when. */
async function runAndKill(first: number, forMs: number): Promise<{ count: number; at: number }[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'support/publisher-process.ts'), directory, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  while (text === '' && child.exitCode === null) await sleep(20);
  await sleep(forMs);
  child.kill('SIGKILL');
  await once(child, 'close');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ').map(Number))
    .map(([count, at]) => ({ count: count!, at: at! }));
}

test('four lives, each killed at some moment', async () => {
  let first = 0;
  for (const forMs of [700, 1_500, 2_300, 3_100]) {
    const marks = await runAndKill(first, forMs);
    const last = marks.at(-1)!;
    const store = await openEmbedded({ directory });
    try {
      const [life] = await store.query<{ rows: number; numbers: number; last: number | null }>(
        'SELECT count() AS rows, uniqExact(duration_ms) AS numbers, maxOrNull(duration_ms) AS last FROM peer_probed WHERE duration_ms >= {first:UInt32}',
        { first },
      );
      const stored = (life!.last ?? first - 1) + 1;
      expect(life).toMatchObject({ rows: stored - first, numbers: stored - first });
      const [all] = await store.query<{ rows: number }>(
        'SELECT count() AS rows, (SELECT sum(probes) FROM peers_1h) AS hours, (SELECT sum(probes) FROM peers_1d) AS days FROM peer_probed',
      );
      expect(all).toEqual({ rows: all!.rows, hours: all!.rows, days: all!.rows });
      const promised = marks.filter(({ at }) => last.at - at > 1_000).at(-1)?.count ?? first;
      expect(stored).toBeGreaterThanOrEqual(Math.min(promised, last.count - 5_000));
      first = last.count;
    } finally {
      await store.close();
    }
  }
});
