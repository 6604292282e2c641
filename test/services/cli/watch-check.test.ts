// Entries of the watch list and the reports of their swarms: none is lost on the way, whatever name it has in the list.

import { ProbeReport } from '@swarmscope/cli/probe-report.ts';
import { judged } from '@swarmscope/cli/watch-check.ts';
import type { WatchEntry } from '@swarmscope/cli/watchlist.ts';
import { expect, test } from 'vitest';

const V1 = 'ab'.repeat(20);
const V2 = 'cd'.repeat(32);

const entryOf = (swarm_id: string) => ({ watched: { swarm_id, objectives: { min_proved_seeders: 1 } } }) as unknown as WatchEntry;

function reportOf(info_hash: string, info_hash_v2: string | null) {
  const report = new ProbeReport();
  report.expect(info_hash);
  return { ...report.reports()[0]!, info_hash_v2 };
}

test('a hybrid that the list names by its v2 infohash is judged by the census of its v1 name', () => {
  const [checked] = judged([entryOf(V2.slice(0, 40))], [reportOf(V1, V2)]);
  expect(checked).toMatchObject({
    swarm: { info_hash: V1 },
    judgements: [{ objective: 'min_proved_seeders', state: 'unknown' }],
  });
});

test('an entry without a report is a failure: left out, it would count as met', () => {
  expect(() => judged([entryOf(V1), entryOf('ef'.repeat(20))], [reportOf(V1, null)])).toThrow(/no census of (ef){20}/);
});
