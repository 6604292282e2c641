// What an export tells, read with a hostile eye: nobody alone, no remainder that is somebody, no column that points to an address.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOPICS, type Topic } from '@swarmscope/events/definitions.ts';
import { type Event, makeEvent } from '@swarmscope/events/event.ts';
import { columnsOf, rowWriter } from '@swarmscope/events/table.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportParameters } from '../../../services/cli/src/export.ts';
import { exportSql } from '../../../services/cli/src/export-sql.ts';
import { EXPORTS, type ExportTable } from '../../../services/cli/src/export-tables.ts';
import { STAMP as EARLIER, hashOf, keyOf, probed, sighting } from '../../support/events.ts';

const DAY_MS = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const NOON = TODAY - DAY_MS / 2;
const STAMP = { ...EARLIER, ts: NOON };
const ALL = { since: 0, until: TODAY, k: 10 };
const directory = mkdtempSync(join(tmpdir(), 'swarmscope-export-'));
let store: Store;
let inserted = 0;

beforeAll(async () => {
  store = await openEmbedded({ directory });
  await store.migrate();
  await insert([...crowdedPeers(), ...sightedPeers(), ...nodes(), ...rowsWithAddresses()]);
});
afterAll(async () => {
  await store?.close();
  rmSync(directory, { recursive: true, force: true });
});

function nextOffset(): number {
  inserted += 1;
  return inserted;
}

async function insert(events: readonly Event[]): Promise<void> {
  const topics = new Set(events.map(({ topic }) => topic));
  for (const topic of topics) {
    const write = rowWriter(topic);
    const lines = events
      .filter((event) => event.topic === topic)
      .map((event) => write({ ...event, _offset: String(nextOffset()) }));
    await store.insert(topic, lines, `export-${inserted}`);
  }
}

/** `n` peers of a client, each at its own address unless told otherwise. */
function peers(
  n: number,
  verdict: 'proved' | 'leecher' | 'claimed',
  client: string | null,
  first: number,
  columns: object = {},
): Event[] {
  return Array.from({ length: n }, (_, i) =>
    probed(first + i, { client, verdict, ip_prefix: `198.51.${i}.0/24`, ...columns }, NOON),
  );
}

function crowdedPeers(): Event[] {
  return [
    ...peers(25, 'proved', 'Common 1.0', 1_000),
    ...peers(12, 'proved', 'Usual 1.0', 2_000),
    // Alone in its client, and it knows how a merged row might be called.
    ...peers(1, 'proved', 'mail me at lone@example.org', 3_000),
    // Two clients, neither a crowd, together one.
    ...peers(30, 'leecher', 'Common 1.0', 4_000),
    ...peers(6, 'leecher', null, 5_000),
    ...peers(7, 'leecher', 'Rare 2.0', 6_000),
    // All of a verdict is no crowd.
    ...peers(9, 'claimed', 'Common 1.0', 7_000),
    // One address with forty ports is one.
    ...peers(40, 'claimed', 'Forty ports 1.0', 8_000, { address_key: keyOf(8_000) }),
    // Six addresses under two epochs of the key are not twelve.
    ...peers(6, 'proved', 'Two epochs 1.0', 9_000, { key_epoch: 2 }),
    ...peers(6, 'proved', 'Two epochs 1.0', 9_100, { key_epoch: 3 }),
  ];
}

function sightedPeers(): Event[] {
  const seen = (n: number, network: number, source: 'dht' | 'pex', claims_seed: 0 | 1 | null) =>
    makeEvent(
      'peer_sighted',
      {
        swarm_id: hashOf(1),
        peer_key: keyOf(n),
        key_epoch: 1,
        ip_prefix: `203.0.${network}.0/24`,
        family: 4,
        source,
        source_id: keyOf(99),
        claims_seed,
      },
      STAMP,
    );
  return [
    ...Array.from({ length: 15 }, (_, i) => seen(i, i, 'pex', 1)),
    ...Array.from({ length: 3 }, (_, i) => seen(100 + i, 100 + i, 'pex', 0)),
    ...Array.from({ length: 50 }, (_, i) => seen(200 + i, 7, 'dht', null)),
  ];
}

function nodes(): Event[] {
  const node = (n: number, client: string | null) =>
    makeEvent(
      'dht_node_seen',
      {
        node_key: keyOf(n),
        key_epoch: 1,
        id_prefix: 1,
        address_key: keyOf(n),
        ip_prefix: `192.0.${n}.0/24`,
        family: 4,
        port: 6_881,
        client,
        verdict: 'ok',
      },
      STAMP,
    );
  const asks = Array.from({ length: 11 }, (_, i) => sighting(i, { way: 'get_peers' }, NOON));
  return [
    ...Array.from({ length: 14 }, (_, i) => node(i, 'libtorrent 2.0')),
    node(200, 'lone node'),
    ...asks,
    sighting(77, { way: 'announce' }, NOON),
  ];
}

function rowsWithAddresses(): Event[] {
  const asked = (tracker: string) =>
    makeEvent(
      'tracker_scraped',
      { swarm_id: hashOf(1), tracker, url_hash: keyOf(0xabcdef), action: 'scrape', outcome: 'ok', seeders: 1 },
      STAMP,
    );
  const written = [
    'udp://192.0.2.7:6969',
    'http://[2001:db8::7]:80',
    'http://0x7f000001',
    'udp://3221225991:1',
    'udp://192.0.2.7',
    'udp://192.0.2.7.:1',
  ];
  return [...written, 'udp://tracker.example.org:6969', 'https://6.example'].map(asked);
}

async function textOf(table: ExportTable, parameters: Record<string, number> = ALL, format = 'CSVWithNames'): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const bytes of store.stream(exportSql(table), parameters, format)) parts.push(bytes);
  return Buffer.concat(parts).toString('utf8');
}

const rowsOf = (table: ExportTable, parameters: Record<string, number> = ALL) =>
  store.query<Record<string, unknown>>(exportSql(table), parameters);

describe.each(TOPICS)('%s', (topic) => {
  test('every column was decided upon, and none that goes out points to an address', () => {
    const plan = EXPORTS[topic];
    const out = plan.kind === 'rows' ? plan.columns : [...plan.common, ...plan.groups];
    const all = columnsOf(topic).map(([name]) => name);
    if (plan.kind === 'rows') expect([...plan.columns, ...plan.withheld].sort()).toEqual([...all].sort());
    else expect(all).toEqual(expect.arrayContaining([...plan.common, ...plan.groups, plan.crowd[0]]));
    const meanings = columnsOf(topic)
      .filter(([name]) => out.includes(name))
      .filter(
        ([name, { meaning }]) =>
          /pseudonym|raw |network of|node id\b|reporter|peer id|SHA-256|any address can/i.test(meaning) ||
          /endpoint$|_key$|prefix|_filter$|^instance/.test(name),
      );
    expect(meanings.map(([name]) => name)).toEqual([]);
  });

  test('what has a pseudonym or an address in it goes out in groups only', () => {
    const personal = columnsOf(topic).some(([name]) => /^(peer|node|address|reporter)_key$|^endpoint$/.test(name));
    expect(EXPORTS[topic].kind).toBe(personal ? 'groups' : 'rows');
  });
});

test.each(['csv', 'parquet'])(
  'a lone peer is in no byte of an export (%s), nor are its address, its pseudonym, its swarm',
  async (format) => {
    const grouped = Object.entries(EXPORTS).flatMap(([name, { kind }]) => (kind === 'groups' ? [name as Topic] : []));
    for (const topic of grouped) {
      const text = format === 'csv' ? await textOf(topic) : await throughParquet(topic);
      expect(text).toMatch(/^"day"|^"2/);
      expect(text).not.toMatch(
        /lone|Rare|Forty|Two epochs|198\.51|203\.0|192\.0|_key|prefix|swarm_id|info_hash|port\b|\d\d:\d\d/,
      );
      expect(text).not.toContain(hashOf(3_000));
      expect(text).not.toContain(keyOf(3_000));
    }
  },
);

/** What somebody reads from the Parquet file. */
async function throughParquet(table: ExportTable): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const bytes of store.stream(exportSql(table), ALL, 'Parquet')) parts.push(bytes);
  const bytes = Buffer.concat(parts);
  expect(bytes.subarray(0, 4).toString()).toBe('PAR1');
  const file = join(directory, `${table}.parquet`);
  writeFileSync(file, bytes);
  return bytes.toString('latin1').includes('lone') ? 'lone' : `"day" ${JSON.stringify(readParquet(file))}`;
}

/** In a process of its own: an engine has one data directory. */
function readParquet(file: string): unknown[] {
  const script = `const { Session } = require('chdb'); const session = new Session(); console.log(session.query("SELECT * FROM file('" + process.argv[1] + "') FORMAT JSON")); session.cleanup();`;
  const answer = JSON.parse(execFileSync(process.execPath, ['-e', script, file], { encoding: 'utf8' })) as { data: unknown[] };
  return answer.data;
}

test('groups: the small ones merged, with a crowd added where together they are still none', async () => {
  const found = await rowsOf('peer_probed');
  const brief = found.map(({ key_epoch, verdict, merged, client, addresses, probes }) => [
    key_epoch,
    verdict,
    merged,
    client,
    addresses,
    probes,
  ]);
  expect(brief.sort()).toEqual(
    [
      // Of proved: the lone one hides with the smallest group, whose name goes with it.
      [1, 'proved', 0, 'Common 1.0', 25, 25],
      [1, 'proved', 1, null, 13, 13],
      [1, 'leecher', 0, 'Common 1.0', 30, 30],
      [1, 'leecher', 1, null, 13, 13],
      // Of claimed: nine, and one with forty ports, are ten addresses in one merged row.
      [1, 'claimed', 1, null, 10, 49],
    ].sort(),
  );
});

test('what a total known from elsewhere leaves is nobody, or at least k', async () => {
  const k = { ...ALL };
  for (k.k of [5, 10, 13, 25, 31, 100]) {
    const told = await rowsOf('peer_probed', k);
    const truth = await store.query<{ verdict: string; key_epoch: number; peers: number }>(
      'SELECT verdict, key_epoch, uniqExact(address_key) AS peers FROM peer_probed GROUP BY verdict, key_epoch',
    );
    for (const row of told) expect(row['addresses']).toBeGreaterThanOrEqual(k.k);
    for (const { verdict, key_epoch, peers: total } of truth) {
      const parts = told.filter((row) => row['verdict'] === verdict && row['key_epoch'] === key_epoch);
      const named = parts.filter(({ merged }) => merged === 0).reduce((sum, row) => sum + Number(row['addresses']), 0);
      const rest = total - named;
      expect(parts.length === 0 || rest === 0 || rest >= k.k, `${k.k} ${verdict} ${rest}`).toBe(true);
    }
  }
});

test('endpoints of one network are one, nodes and askers go by the same rule', async () => {
  expect(await rowsOf('peer_sighted')).toMatchObject([
    { source: 'pex', merged: 1, claims_seed: null, networks: 18, sightings: 18 },
  ]);
  expect(await rowsOf('dht_node_seen')).toMatchObject([{ verdict: 'ok', merged: 1, client: null, addresses: 15 }]);
  expect(await rowsOf('infohash_sighted')).toMatchObject([{ way: 'get_peers', merged: 0, family: 4, reporters: 11 }]);
});

test('a host that is written as an address is none in an export, and no hash of a URL is there', async () => {
  const text = await textOf('tracker_scraped');
  const hosts = [...text.matchAll(/"(\w+:\/\/[^"]*)"/g)].map(([, host]) => host).sort();
  const hidden = [
    'http://address',
    'http://address:80',
    'udp://address',
    'udp://address:1',
    'udp://address:1',
    'udp://address:6969',
  ];
  expect(hosts).toEqual(['https://6.example', 'udp://tracker.example.org:6969', ...hidden].sort());
  expect(text.split('\n')[0]).not.toContain('url_hash');
});

test.each(Object.keys(EXPORTS) as ExportTable[])('%s: the engine takes it', async (table) => {
  await expect(textOf(table)).resolves.toMatch(/^"/);
});

test('groups are of whole days that are over', () => {
  const now = Date.UTC(2026, 10, 24, 18, 30);
  const day = (date: number) => Date.UTC(2026, 10, date);
  expect(exportParameters('peer_probed', { k: 10 }, now)).toEqual({ since: 0, until: day(24), k: 10 });
  expect(exportParameters('peer_probed', { since: '2026-11-20', until: '2026-11-25', k: 7 }, now)).toEqual({
    since: day(20),
    until: day(24),
    k: 7,
  });
  expect(() => exportParameters('peer_probed', { since: '2026-11-20T00:01:00Z', k: 10 }, now)).toThrow(/whole days/);
  expect(() => exportParameters('dht_node_seen', { until: '2026-11-20T12:00:00Z', k: 10 }, now)).toThrow(/whole days/);
  expect(exportParameters('swarm_sampled', { until: '2026-11-25T01:02:03Z', k: 10 }, now)).toMatchObject({
    since: 0,
    until: Date.UTC(2026, 10, 25, 1, 2, 3),
  });
});
