// The store contract, run on every implementation: migrations, inserts with tokens, rollups, questions, errors.

import { createHash } from 'node:crypto';
import { definitions, TOPICS } from '@swarmscope/events/definitions.ts';
import type { NewColumns } from '@swarmscope/events/event.ts';
import { tableColumns } from '@swarmscope/events/table.ts';
import { readSteps } from '@swarmscope/store/migrations.ts';
import { rejectedLine } from '@swarmscope/store/rejected.ts';
import { type Store, StoreError } from '@swarmscope/store/store.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashOf, keyOf, probed, resolved, sighting, watched } from '../support/events.ts';
import { linesOf } from './store-lines.ts';

const NOW = Math.floor(Date.now() / 3_600_000) * 3_600_000;

/** The codec that a migration after the first has given a column. */
function laterCodec(topic: string, name: string): string | undefined {
  const changes = readSteps().filter(({ text }) => text.startsWith(`ALTER TABLE ${topic}{`));
  return changes.map(({ text }) => new RegExp(`MODIFY COLUMN ${name} CODEC\\((.*)\\),?$`, 'm').exec(text)?.[1]).findLast(Boolean);
}

/** `open` gives a store over a new, empty database; every test works with rows of its own. */
export function storeContract(open: () => Promise<Store>): void {
  let store: Store;
  beforeAll(async () => {
    store = await open();
    await store.migrate();
  });
  afterAll(() => store?.close());

  describe('migrations', () => {
    test('a second run applies nothing', async () => {
      const { applied, version } = await store.migrate();
      expect(applied).toEqual([]);
      expect(version).toBeGreaterThanOrEqual(3);
    });

    test.each(TOPICS)('%s is as its definition says', async (topic) => {
      const rows = await store.query<Record<string, string>>(`DESCRIBE TABLE ${topic}`);
      const found = rows.map(({ name, type, default_type, comment, codec_expression }) => [
        name,
        type!.replace(/\(\n\s*/g, '(').replace(/\s+/g, ' '),
        default_type,
        comment,
        codec_expression!.replace('Delta(8)', 'Delta'),
      ]);
      const wanted = tableColumns(topic).map(({ name, type, fallback, comment, codec }) => [
        name,
        type,
        fallback,
        comment,
        laterCodec(topic, name) ?? codec,
      ]);
      expect(found).toEqual(wanted);
    });

    test('every column of every table and view has a comment', async () => {
      const bare = await store.query(
        `SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = ''
         AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine != 'MaterializedView')`,
      );
      expect(bare).toEqual([]);
    });

    test('every table that rows are inserted into, also by a view, remembers blocks', async () => {
      const bare = await store.query(
        `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
         AND engine_full NOT LIKE '%deduplication_window = %' AND name NOT IN ('schema_migrations', 'dying', 'forecast', 'forecast_retention', 'forecast_cohorts')`,
      );
      expect(bare).toEqual([]);
    });
  });

  describe('insert', () => {
    test('every topic and `rejected` take rows, hex as hex', async () => {
      await store.insert(
        'infohash_sighted',
        linesOf('infohash_sighted', [sighting(1, {}, NOW), sighting(2, { reporter_key: null }, NOW)], 1),
        'hex-1',
      );
      const rows = await store.query(
        'SELECT lower(hex(info_hash)) AS hash, lower(hex(reporter_key)) AS reporter, reporter_key IS NULL AS none, toUnixTimestamp64Milli(ts) AS ts FROM infohash_sighted WHERE info_hash IN (unhex({a:String}), unhex({b:String})) ORDER BY info_hash',
        { a: hashOf(1), b: hashOf(2) },
      );
      expect(rows).toEqual([
        { hash: hashOf(1), reporter: keyOf(1), none: 0, ts: NOW },
        { hash: hashOf(2), reporter: null, none: 1, ts: NOW },
      ]);
      const bytes = Uint8Array.of(0, 255, 10, 34, 92);
      const rejected = {
        ts: NOW,
        topic: 'peer_probed',
        reason: 'not_json',
        detail: 'The record is no "JSON".\n',
        bytes,
        size: 5,
        partition: 3,
        offset: 2n ** 60n,
      };
      await store.insert('rejected', [rejectedLine(rejected)], 'rejected-1');
      expect(
        await store.query('SELECT hex(bytes) AS bytes, detail, size, _partition, toString(_offset) AS o FROM rejected'),
      ).toEqual([{ bytes: '00FF0A225C', detail: rejected.detail, size: 5, _partition: 3, o: String(2n ** 60n) }]);
    });

    test('the same token inserts once, in the rollups too; another token inserts again', async () => {
      const lines = linesOf(
        'peer_probed',
        Array.from({ length: 50 }, (_, i) => probed(5_000 + i, { client: 'dedup 1.0' }, NOW)),
        100,
      );
      for (const token of ['dedup-a', 'dedup-a', 'dedup-b', 'dedup-a']) await store.insert('peer_probed', lines, token);
      const [raw] = await store.query<{ n: number; places: number }>(
        "SELECT count() AS n, uniqExact(_partition, _offset) AS places FROM peer_probed WHERE client = 'dedup 1.0'",
      );
      expect(raw).toEqual({ n: 100, places: 50 });
      const [rolled] = await store.query(
        "SELECT sum(probes) AS n, uniqMerge(peers) AS peers FROM peers_1h WHERE client = 'dedup 1.0'",
      );
      expect(rolled).toEqual({ n: 100, peers: 50 });
    });

    test('a token does not outlive its insert', async () => {
      const one = (n: number) => linesOf('peer_probed', [probed(n, { client: 'leak 1.0' }, NOW)], n);
      await store.insert('peer_probed', one(6_000), 'leak-a');
      await store.insert('peer_probed', one(6_001), 'leak-b');
      await store.insert('peer_probed', one(6_001), 'leak-a');
      const rows = await store.query("SELECT count() AS n FROM peer_probed WHERE client = 'leak 1.0'");
      expect(rows).toEqual([{ n: 2 }]);
    });

    test('nothing to insert is no error; a line that is no row is one, and inserts nothing of its batch', async () => {
      await store.insert('peer_probed', [], 'empty');
      const lines = [...linesOf('peer_probed', [probed(7_000, { client: 'bad 1.0' }, NOW)], 1), '["not","a","row"]'];
      await expect(store.insert('peer_probed', lines, 'bad-1')).rejects.toBeInstanceOf(StoreError);
      expect(await store.query("SELECT count() AS n FROM peer_probed WHERE client = 'bad 1.0'")).toEqual([{ n: 0 }]);
    });

    test('concurrent inserts into many tables all arrive', async () => {
      const jobs = Array.from({ length: 24 }, (_, i) =>
        i % 2 === 0
          ? store.insert(
              'infohash_sighted',
              linesOf('infohash_sighted', [sighting(8_000 + i, { family: 6 }, NOW)], i),
              `many-${i}`,
            )
          : store.insert('torrent_watched', linesOf('torrent_watched', [watched(8_000 + i, 1, NOW)], i), `many-${i}`),
      );
      await Promise.all(jobs);
      expect(await store.query('SELECT count() AS n FROM infohash_sighted WHERE family = 6')).toEqual([{ n: 12 }]);
      expect(await store.query('SELECT count() AS n FROM watch_latest FINAL WHERE set = 1')).toEqual([{ n: 12 }]);
    });
  });

  describe('erase', () => {
    const resolvedOf = (n: number, columns: Partial<NewColumns<'torrent_resolved'>>) => resolved(n, columns, NOW);

    test('swarms of the list are gone from every table that names them, rollups too: by infohash, its SHA-256, name, and both names of a hybrid', async () => {
      const v2 = hashOf(9_403).padEnd(64, 'a');
      const torrents = [
        resolvedOf(9_400, { name: 'Some Secret_Recording (1999)' }),
        resolvedOf(9_401, { name: 'Some Secretly Recording' }),
        resolvedOf(9_402, { name: 'hybrid', info_hash_v2: v2 }),
        resolvedOf(9_404, { name: 'nothing of it' }),
        resolvedOf(9_405, { name: 'hashed' }),
      ];
      await store.insert('torrent_resolved', linesOf('torrent_resolved', torrents, 1), 'erase-1');
      const numbers = [9_400, 9_401, 9_402, 9_403, 9_404, 9_405];
      const sightings = numbers.map((n) => sighting(n, {}, NOW));
      await store.insert('infohash_sighted', linesOf('infohash_sighted', sightings, 900), 'erase-2');
      const watches = numbers.map((n) => watched(n, 1, NOW));
      await store.insert('torrent_watched', linesOf('torrent_watched', watches, 900), 'erase-3');
      const hashed = createHash('sha256').update(hashOf(9_405), 'hex').digest('hex');
      const list = { infoHashes: [hashOf(9_403), hashOf(1_111)], hashed: [hashed], names: ['*secret_rec*'] };
      const touched = await store.erase(list);
      expect(touched).toEqual(
        expect.arrayContaining(['infohash_sighted', 'torrent_resolved', 'torrent_watched', 'watch_latest']),
      );
      const left = async (table: string, column: string) => {
        const named = numbers.map((n) => `unhex('${hashOf(n)}')`).join(', ');
        const rows = await store.query<{ x: string }>(
          `SELECT lower(hex(${column})) AS x FROM ${table} WHERE ${column} IN (${named}) ORDER BY x`,
        );
        return rows.map(({ x }) => x);
      };
      expect(await left('torrent_resolved', 'swarm_id')).toEqual([hashOf(9_401), hashOf(9_404)].sort());
      for (const [table, column] of [
        ['infohash_sighted', 'info_hash'],
        ['torrent_watched', 'swarm_id'],
        ['watch_latest', 'swarm_id'],
      ] as const)
        expect(await left(table, column), table).toEqual([hashOf(9_401), hashOf(9_404)].sort());
      expect(await store.erase(list)).toEqual([]);
      expect(await store.erase({ infoHashes: [], hashed: [], names: [] })).toEqual([]);
    });
  });

  describe('questions', () => {
    test('parameters arrive as they are', async () => {
      const text = `it's "quoted" \\ \t \n {x:String} ü \u{1f980}`;
      const sql =
        'SELECT {text:String} AS text, {n:UInt64} AS n, {flag:Bool} AS flag, {none:Nullable(String)} AS none, {list:Array(String)} AS list, {at:DateTime64(3)} = toDateTime64(1763960400.123, 3) AS at';
      const rows = await store.query(sql, {
        text,
        n: 7,
        flag: true,
        none: null,
        list: ["a'b", 'c\\d'],
        at: new Date(1_763_960_400_123),
      });
      expect(rows).toEqual([{ text, n: 7, flag: true, none: null, list: ["a'b", 'c\\d'], at: 1 }]);
    });

    test('a parameter of one question is not there for the next', async () => {
      expect(await store.query('SELECT {stale:String} AS x', { stale: 'here' })).toEqual([{ x: 'here' }]);
      await expect(store.query('SELECT {stale:String} AS x')).rejects.toMatchObject({ code: 456 });
    });

    test('nothing can be changed by a question', async () => {
      await expect(store.query('CREATE TABLE t (x UInt8) ENGINE = Memory')).rejects.toBeInstanceOf(StoreError);
      await expect(store.query('INSERT INTO rejected (topic) VALUES (1)')).rejects.toBeInstanceOf(StoreError);
    });

    test('errors carry the code and the sentence of the engine', async () => {
      await expect(store.query('SELEC 1')).rejects.toMatchObject({ code: 62, symbol: 'SYNTAX_ERROR' });
      await expect(store.query('SELECT * FROM nowhere')).rejects.toMatchObject({ code: 60, symbol: 'UNKNOWN_TABLE' });
      await expect(store.query('SELECT throwIf(1)')).rejects.toMatchObject({ name: 'StoreError', code: 395 });
    });

    test('a question ends at its time limit', async () => {
      const slow = 'SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) % 7 = 1';
      await expect(store.query(slow, {}, { timeoutMs: 300 })).rejects.toMatchObject({ code: 159, symbol: 'TIMEOUT_EXCEEDED' });
    });

    test('a stream is the bytes of a format', async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of store.stream('SELECT number AS n FROM numbers({n:UInt32})', { n: 200_000 }, 'CSV'))
        chunks.push(chunk);
      const lines = Buffer.concat(chunks).toString().trimEnd().split('\n');
      expect(lines).toHaveLength(200_000);
      expect(new Set(lines).size).toBe(200_000);
      let text = '';
      for await (const chunk of store.stream('SELECT 1 AS n, NULL AS x', {}, 'CSVWithNames'))
        text += Buffer.from(chunk).toString();
      expect(text).toBe('"n","x"\n1,\\N\n');
    });

    test('a stream that is left early holds nothing up', async () => {
      for (let i = 0; i < 12; i += 1)
        for await (const _ of store.stream('SELECT number FROM numbers(5000000)', {}, 'TabSeparated')) break;
      expect(await store.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
    });

    test('a failing stream throws', async () => {
      const read = async () => {
        for await (const _ of store.stream('SELECT throwIf(number = 900000) FROM numbers(1000000)', {}, 'TabSeparated'));
      };
      await expect(read()).rejects.toBeInstanceOf(StoreError);
    });
  });

  test('views: the current state joins census, torrent and watch list', async () => {
    await store.insert('torrent_watched', linesOf('torrent_watched', [watched(9_001, 1, NOW)], 1), 'view-watch');
    await store.refresh();
    for (const view of ['swarms', 'dying', 'forecast', 'dht_census', 'client_shares', 'tracker_health'])
      expect(Array.isArray(await store.query(`SELECT * FROM ${view} LIMIT 5`)), view).toBe(true);
    expect(Object.keys(definitions)).toHaveLength(TOPICS.length);
  });
}
