// Every named question runs on the made-up month and finds what was put there; docs/sql.md shows exactly that.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { QUERIES } from '@swarmscope/store/queries.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endOfSeed, insertSeed } from '../../support/seed.ts';
import { FATES, swarmOf } from '../../support/seed-swarms.ts';
import { SQL_PAGE, sqlPage } from '../../support/sql-page.ts';

const directory = mkdtempSync(join(tmpdir(), 'swarmscope-queries-'));
const endMs = endOfSeed(Date.now());
let store: EmbeddedStore;
let inserted: Record<string, number>;

beforeAll(async () => {
  store = await openEmbedded({ directory });
  await store.migrate();
  inserted = await insertSeed(store, endMs);
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

function run(name: string, parameters: Record<string, string | number> = {}): Promise<Record<string, unknown>[]> {
  const query = QUERIES.find((each) => each.name === name)!;
  return store.query(query.sql, { ...query.parameters, ...parameters });
}

const named = (name: string) => swarmOf(FATES.find((fate) => fate.name === name)!);

describe('the catalogue', () => {
  test('at least 25 questions, each with a name of its own, a title, a question, and the parameters it uses', () => {
    expect(QUERIES.length).toBeGreaterThanOrEqual(25);
    expect(new Set(QUERIES.map(({ name }) => name)).size).toBe(QUERIES.length);
    for (const { name, title, question, parameters, sql } of QUERIES) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(title.length, name).toBeGreaterThan(5);
      expect(question, name).toMatch(/\?/);
      const used = new Set([...sql.matchAll(/\{(\w+):\w+\}/g)].map(([, each]) => each));
      expect(new Set(Object.keys(parameters)), name).toEqual(used);
    }
  });

  test.each(QUERIES.map(({ name }) => name))('%s answers rows, also to a stranger', async (name) => {
    const rows = await run(name);
    expect(rows.length).toBeGreaterThan(0);
    const { sql, parameters } = QUERIES.find((each) => each.name === name)!;
    const texts = Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, String(value)]));
    const answer = await store.ask({ sql, parameters: texts, settings: {}, format: 'JSONEachRow' });
    let text = '';
    for await (const chunk of answer.body) text += Buffer.from(chunk).toString();
    expect(text.trimEnd().split('\n')).toHaveLength(rows.length);
  });

  test('docs/sql.md is fresh', async () => {
    expect(await sqlPage(store, endMs), 'run: node test/support/sql-page.ts').toBe(readFileSync(SQL_PAGE, 'utf8'));
  });
});

describe('what they find', () => {
  test('the torrents that lost their last proved seeder, and no others', async () => {
    expect((await run('lost-last-seeder')).map(({ name }) => name)).toEqual(['field-recordings-1994']);
    expect((await run('lost-last-seeder', { days: 30 })).map(({ name }) => name)).toEqual([
      'field-recordings-1994',
      'unproved-since-a-week',
      'lecture-series-2003',
      'gone-and-forgotten',
    ]);
  });

  test('the dying, each for its reason', async () => {
    expect((await run('dying')).map(({ name, state }) => [name, state])).toEqual([
      ['lecture-series-2003', 'dead'],
      ['field-recordings-1994', 'no_seeder'],
      ['superseeded-release', 'last_copy'],
      ['unproved-since-a-week', 'unproved'],
      ['city-archive-scans', 'falling'],
    ]);
  });

  test('what is missing of the one that is not completable', async () => {
    expect(await run('not-completable')).toMatchObject([
      { name: 'lecture-series-2003', ranges: 64, ranges_missing: 9, files_at_risk: 2 },
    ]);
    const files = await run('files-at-risk', { swarm: named('lecture-series-2003') });
    expect(files.map(({ path, copies_min }) => [path, copies_min])).toEqual([
      ['lecture-series-2003/part-0.bin', 0],
      ['lecture-series-2003/part-1.bin', 0],
    ]);
  });

  test('missed objectives, and the publisher that is alone', async () => {
    expect((await run('objectives-missed')).map(({ name, wanted, proved }) => [name, wanted, proved])).toEqual([
      ['field-recordings-1994', 2, 0],
      ['city-archive-scans', 5, 3],
    ]);
    expect((await run('publisher-only')).map(({ name }) => name)).toEqual(['one-publisher']);
  });

  test('the tracker that sees phantoms, the web seed that is corrupt, the liars', async () => {
    expect(await run('tracker-lies')).toMatchObject([{ name: 'phantom-album', tracker_says: 41, proved: 1 }]);
    expect(await run('web-seeds')).toMatchObject([{ newest: 'corrupt', passed: 58 }, { newest: 'ok' }]);
    const liars = await run('liars');
    expect(liars.reduce((sum, { corrupt }) => sum + Number(corrupt), 0)).toBe(2 * 4 * 29);
  });

  test('the census of one swarm has as many peers per verdict as the census says', async () => {
    const peers = await run('census', { swarm: named('old-forum-dump') });
    expect(peers.map(({ verdict }) => verdict)).toEqual([
      'liar_corrupt',
      'liar_corrupt',
      'liar_missing',
      'proved',
      'proved',
      'leecher',
      'leecher',
    ]);
  });

  test('rollups have every event once', async () => {
    const [sums] =
      await store.query(`SELECT (SELECT sum(probes) FROM peers_1h) AS probes, (SELECT sum(probes) FROM peers_1d) AS probes_day, (SELECT sum(censuses) FROM swarm_1h) AS censuses,
      (SELECT sum(censuses) FROM swarm_1d) AS censuses_day, (SELECT sum(sightings) FROM dht_1h) AS nodes, (SELECT sum(sightings) FROM dht_1d) AS nodes_day, (SELECT sum(sightings) FROM infohash_1h) AS infohashes,
      (SELECT sum(samples + asks + announces + watches) FROM infohashes) AS ever, (SELECT sum(sightings) FROM sources_1h) AS sources, (SELECT sum(requests) FROM trackers_1h) AS requests,
      (SELECT sum(samples) FROM crawl_1m) AS crawl, (SELECT sum(samples) FROM crawl_1h) AS crawl_hour, (SELECT count() FROM swarm_latest FINAL) AS swarms`);
    const {
      peer_probed: probes,
      swarm_sampled: censuses,
      dht_node_seen: nodes,
      infohash_sighted: infohashes,
      crawl_sampled: crawl,
    } = inserted;
    expect(sums).toEqual({
      probes,
      probes_day: probes,
      censuses,
      censuses_day: censuses,
      nodes,
      nodes_day: nodes,
      infohashes,
      ever: infohashes,
      sources: inserted['peer_sighted'],
      requests: inserted['tracker_scraped'],
      crawl,
      crawl_hour: crawl,
      swarms: FATES.length,
    });
  });
});
