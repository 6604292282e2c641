// What the demo reads back from a real store: only its own network, and only from its start on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zeroCounts } from '@swarmscope/events/enums.ts';
import { type EventOf, makeEvent } from '@swarmscope/events/event.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countUnheard, readCensuses, readDht } from '../../../services/cli/src/measured.ts';
import { insertEvents } from '../../dashboards/support/seed.ts';
import { hashOf, keyOf } from '../../support/events.ts';

/** Far ahead: no retention drops it. */
const START = 4_000_000_000_000;
const RUN = { network: 'lab', sinceMs: START };

let directory: string;
let store: Store;

function census(n: number, proved: number, ts: number, network: string, failed: 0 | 1 = 0): EventOf<'swarm_sampled'> {
  const columns = {
    swarm_id: hashOf(n),
    census_id: ts.toString(16).padStart(16, '0'),
    window_s: 30,
    ...zeroCounts(),
    proved,
    endpoints_known: 0,
    endpoints_tried: 0,
    reached: 0,
    sources: [{ source: 'dht' as const, count: null, low: null, high: null, failed }],
    availability: [],
    availability_histogram: [],
    files_at_risk: [],
    own_announces: 0,
  };
  return makeEvent('swarm_sampled', columns, { ts, instance_id: 'demo', network });
}

function sighting(n: number, ts: number, network: string): EventOf<'infohash_sighted'> {
  const columns = { info_hash: hashOf(n), way: 'sample', reporter_key: keyOf(n), key_epoch: 1, family: 4, confirmed: 0 } as const;
  return makeEvent('infohash_sighted', columns, { ts, instance_id: 'demo', network });
}

function node(n: number, ts: number, network: string): EventOf<'dht_node_seen'> {
  const columns = { node_key: keyOf(n), address_key: keyOf(n), key_epoch: 1, id_prefix: n, ip_prefix: '127.0.0.0/24' } as const;
  return makeEvent(
    'dht_node_seen',
    { ...columns, family: 4, port: 6881, verdict: 'ok', reachable: 1 },
    { ts, instance_id: 'demo', network },
  );
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-measured-'));
  store = await openEmbedded({ directory });
  await store.migrate();
  await insertEvents(store, [
    census(1, 1, START - 1, 'lab'),
    census(1, 2, START, 'lab'),
    census(1, 3, START + 1, 'public'),
    census(2, 4, START - 1, 'lab', 1),
    census(3, 0, START + 1, 'lab', 1),
    census(4, 0, START + 1, 'public', 1),
    sighting(1, START - 1, 'lab'),
    sighting(2, START, 'lab'),
    sighting(3, START, 'public'),
    node(1, START - 1, 'lab'),
    node(2, START, 'lab'),
    node(3, START + 1, 'lab'),
    node(4, START, 'public'),
  ]);
});
afterAll(async () => {
  await store?.close();
  rmSync(directory, { recursive: true, force: true });
});

test('an earlier run and another network on the same store are not compared', async () => {
  const censuses = await readCensuses(store, RUN);
  expect([...censuses.keys()].sort()).toEqual([hashOf(1), hashOf(3)]);
  expect(censuses.get(hashOf(1))).toMatchObject({ counts: { proved: 2 }, fromMs: START - 31_000, toMs: START });
  expect(await readDht(store, RUN)).toEqual({ nodes: 2, infohashes: 1 });
  expect(await countUnheard(store, RUN)).toBe(1);
});
