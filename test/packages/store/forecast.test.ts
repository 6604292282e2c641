// The forecast as the store computes it: what the rollups keep of probes and censuses, what single swarms are told, and how it does on a small fleet of made-up torrents.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zeroCounts } from '@swarmscope/events/enums.ts';
import { makeEvent } from '@swarmscope/events/event.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linesOf } from '../../contract/store-lines.ts';
import { scoresOf, tellFleet } from '../../sim/forecast.ts';
import { hashOf, keyOf, probed } from '../../support/events.ts';
import { FORECAST_TABLES, refreshAt } from '../../support/forecast-store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const END_MS = Date.UTC(2030, 5, 1);

function probeOf(swarm_id: string, ip_prefix: string, verdict: string, key_epoch: number, ts: number) {
  return probed(1, { swarm_id, ip_prefix, verdict: verdict as 'proved', key_epoch, peer_key: keyOf(key_epoch) }, ts);
}

function censusOf(swarm_id: string, reached: number, isBlind: boolean, ts: number) {
  return makeEvent(
    'swarm_sampled',
    {
      swarm_id,
      census_id: keyOf(Math.floor(ts / HOUR_MS)),
      window_s: 60,
      ...zeroCounts(),
      proved: reached,
      endpoints_known: reached,
      endpoints_tried: reached,
      reached,
      sources: [{ source: 'dht' as const, count: isBlind ? null : reached, low: null, high: null, failed: isBlind ? 1 : 0 }],
      availability: [],
      availability_histogram: [],
      files_at_risk: [],
      own_announces: 0,
    },
    { ts, instance_id: 'test-1', network: 'test' },
  );
}

describe('single swarms, before anything was learned', () => {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-forecast-'));
  let store: EmbeddedStore;
  let offset = 0;

  /** Censuses each six hours over some days; `present` says who is met `h` hours before the end. */
  async function watch(
    swarm: string,
    days: number,
    present: (h: number) => readonly { prefix: string; verdict: string }[],
    isBlind = (_h: number) => false,
  ) {
    const probes = [];
    const censuses = [];
    for (let h = days * 24; h >= 0; h -= 6) {
      const ts = END_MS - h * HOUR_MS;
      const met = isBlind(h) ? [] : present(h);
      // Pseudonyms change each week: nothing may hang on them.
      for (const { prefix, verdict } of met) probes.push(probeOf(swarm, prefix, verdict, Math.floor(ts / (7 * DAY_MS)), ts));
      censuses.push(censusOf(swarm, met.length, isBlind(h), ts));
    }
    await store.insert('peer_probed', linesOf('peer_probed', probes, offset), `probes ${swarm} ${offset}`);
    await store.insert('swarm_sampled', linesOf('swarm_sampled', censuses, offset), `censuses ${swarm} ${offset}`);
    offset += 10_000;
  }

  const proved = (n: number) => ({ prefix: `198.51.${n}.0/24`, verdict: 'proved' });
  const SWARMS = {
    old: hashOf(1),
    young: hashOf(2),
    two: hashOf(3),
    gone: hashOf(4),
    liar: hashOf(5),
    claimed: hashOf(6),
    blind: hashOf(7),
    trap: hashOf(8),
  };

  beforeAll(async () => {
    store = await openEmbedded({ directory });
    await store.migrate();
    await store.refresh();
    await watch(SWARMS.old, 60, () => [proved(1)]);
    await watch(SWARMS.young, 2, () => [proved(1)]);
    await watch(SWARMS.two, 60, () => [proved(1), proved(2)]);
    await watch(SWARMS.gone, 60, (h) => (h > 72 ? [proved(1)] : []));
    await watch(SWARMS.liar, 10, () => [{ prefix: '198.51.1.0/24', verdict: 'liar_missing' }]);
    await watch(SWARMS.claimed, 60, () => [{ prefix: '198.51.1.0/24', verdict: 'claimed' }]);
    await watch(
      SWARMS.blind,
      60,
      () => [proved(1)],
      (h) => h < 72,
    );
    await watch(SWARMS.trap, 60, (h) => [...(h > 72 ? [proved(1)] : []), { prefix: '203.0.113.0/24', verdict: 'choked' }]);
    for (const table of FORECAST_TABLES) await refreshAt(store, table, END_MS + 1_000);
  });
  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const of = async (swarm: string) =>
    (
      await store.query<Record<string, number | string>>(
        'SELECT * EXCEPT (swarm_id) FROM forecast WHERE swarm_id = unhex({swarm:String})',
        { swarm },
      )
    )[0];

  test('the rollups keep a network a day, and no blind census', async () => {
    const [copies] = await store.query(
      'SELECT count() AS days, sum(proved) AS proved FROM copies_1d WHERE swarm_id = unhex({swarm:String})',
      { swarm: SWARMS.old },
    );
    expect(copies).toEqual({ days: 61, proved: 241 });
    const [looks] = await store.query(
      'SELECT sum(looks) AS looks, max(last_look) AS newest FROM looks_1d WHERE swarm_id = unhex({swarm:String})',
      { swarm: SWARMS.blind },
    );
    expect(looks).toEqual({ looks: 241 - 12, newest: '2030-05-29 00:00:00' });
  });

  test('who has been there long stays long: with one copy each, the old one is safer than the young one; with two it is safer still', async () => {
    const [old, young, two] = [(await of(SWARMS.old))!, (await of(SWARMS.young))!, (await of(SWARMS.two))!];
    expect(old).toMatchObject({ copies: 1, holders: 1, tenure_h: 1_440, rests_on: 'proof', alike: 0 });
    expect(two['p7']).toBeLessThan(old['p7'] as number);
    expect(old['p7']).toBeLessThan(young['p7'] as number);
    // Nothing was learned: a Lomax law of shape 0.75 says it alone, in half octaves of tenure.
    expect(old['p7']).toBeCloseTo(1 - (1_086 / (1_086 + 168)) ** 0.75, 1);
  });

  test('a longer horizon is never safer, and bounds enclose', async () => {
    for (const swarm of Object.values(SWARMS)) {
      const row = await of(swarm);
      if (!row) continue;
      for (const p of ['p1', 'p7', 'p30']) {
        expect(row[`${p}_low`]).toBeLessThanOrEqual(row[p] as number);
        expect(row[p]).toBeLessThanOrEqual(row[`${p}_high`] as number);
      }
      expect(row['p1']).toBeLessThanOrEqual(row['p7'] as number);
      expect(row['p7']).toBeLessThanOrEqual(row['p30'] as number);
    }
  });

  test('whom nobody has met for three days is probably gone; whom nobody could meet is as safe as before', async () => {
    expect((await of(SWARMS.gone))!['p7']).toBeGreaterThan(0.9);
    const [blind, old] = [(await of(SWARMS.blind))!, (await of(SWARMS.old))!];
    expect(blind['seen']).toBe('2030-05-29 00:00:00');
    expect(blind['p7']).toBeCloseTo(old['p7'] as number, 1);
  });

  test('liars hold nothing; claims count where nothing was ever proved, and only there', async () => {
    expect(await of(SWARMS.liar)).toBeUndefined();
    expect(await of(SWARMS.claimed)).toMatchObject({ rests_on: 'claims', copies: 1 });
    expect(await of(SWARMS.trap)).toMatchObject({ rests_on: 'proof', copies: 0, holders: 1 });
  });

  test('each day is kept once, and the steady chance follows slowly', async () => {
    await refreshAt(store, 'forecast', END_MS + 1_000 + DAY_MS);
    const later = (await of(SWARMS.gone))!;
    const [kept] = await store.query<{ p7: number; n: number }>(
      'SELECT any(p7) AS p7, count() AS n FROM forecast_1d FINAL WHERE swarm_id = unhex({swarm:String})',
      { swarm: SWARMS.gone },
    );
    expect(kept!.n).toBe(1);
    expect(later['p7_steady']).toBeCloseTo(((later['p7'] as number) + 0.7 * kept!.p7) / 1.7, 4);
  });
});

describe('a small fleet', () => {
  test('learned from other torrents it beats the base rate per count, and says so at the right height', async () => {
    const size = { torrents: 70, days: 66, outages: 0.05 };
    const { all, allOracle } = scoresOf(await tellFleet(size, 5, { everyDays: 6 }), size);
    expect(all.cases).toBeGreaterThan(150);
    expect(all.gain).toBeGreaterThan(0.05);
    expect(all.gain).toBeLessThan(allOracle.gain + 0.1);
    const said = all.deciles.reduce((sum, decile) => sum + decile.said * decile.cases, 0) / all.cases;
    expect(Math.abs(said - all.rate)).toBeLessThan(0.05);
  }, 240_000);
});
