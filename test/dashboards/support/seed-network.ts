// The rest of the made-up network: its DHT, the crawl, the services and the alerts.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import { type Event, makeEvent, type NewColumns } from '@swarmscope/events/event.ts';
import type { SeedOptions, Stamp } from './seed.ts';
import { nameOf, swarmOf } from './seed-torrents.ts';

const VERSIONS = ['libtorrent 2.0', 'Transmission 4.0', 'uTorrent 3.5', null, 'Swarmscope 0.1'];
const NODE_COUNT = 400;

export function dhtEvents(options: SeedOptions, random: Random, stamp: Stamp): Event[] {
  const startMs = options.endMs - options.hours * 3_600_000;
  const spanMs = options.endMs - startMs;
  const nodes = Array.from({ length: NODE_COUNT }, (_, i) =>
    makeEvent('dht_node_seen', nodeColumns(i, random), stamp(startMs + (spanMs * i) / NODE_COUNT)),
  );
  const ways = ['sample', 'get_peers', 'announce', 'sample'] as const;
  const sightings = Array.from({ length: 1_500 }, (_, i) =>
    makeEvent(
      'infohash_sighted',
      {
        info_hash: swarmOf(i % 700),
        way: ways[i % 4]!,
        reporter_key: i.toString(16).padStart(16, '0'),
        key_epoch: 7,
        family: 4,
        confirmed: i % 3 === 0 ? 1 : 0,
      },
      stamp(startMs + (spanMs * i) / 1_500),
    ),
  );
  const samples = Array.from({ length: 288 }, (_, i) =>
    makeEvent('crawl_sampled', crawlColumns(i, random), stamp(startMs + (spanMs * i) / 288)),
  );
  return [...nodes, ...sightings, ...samples];
}

function nodeColumns(i: number, random: Random): NewColumns<'dht_node_seen'> {
  const verdict = i % 40 === 7 ? 'fake_samples' : i % 25 === 3 ? 'silent' : i % 50 === 11 ? 'id_mismatch' : 'ok';
  const key = i.toString(16).padStart(16, '0');
  return {
    node_key: key,
    key_epoch: 7,
    id_prefix: i % 256,
    address_key: key,
    ip_prefix: `203.0.${i % 200}.0/24`,
    family: i % 9 === 0 ? 6 : 4,
    port: 6_881,
    client: VERSIONS[i % VERSIONS.length]!,
    rtt_ms: verdict === 'silent' ? null : 20 + Math.floor(random() * 180),
    bep51: verdict === 'silent' ? null : i % 3 === 0 ? 0 : 1,
    bep33: i % 2 === 0 ? null : 1,
    bep42_ok: i % 4 === 0 ? 0 : 1,
    read_only: 0,
    verdict,
    reachable: 1,
  };
}

function crawlColumns(i: number, random: Random): NewColumns<'crawl_sampled'> {
  const inSweep = (i % 96) / 96;
  const estimate = 410 + Math.round(random() * 30);
  return {
    shard: '0/1',
    sweep_id: String(1 + Math.floor(i / 96)),
    window_s: 300,
    coverage_ppm: Math.round(inSweep * 1_000_000),
    nodes: Math.round(NODE_COUNT * inSweep),
    infohashes: Math.round(700 * inSweep),
    queries: 3_000 + Math.round(random() * 400),
    answers: 2_700 + Math.round(random() * 200),
    malformed: { truncated: Math.round(random() * 4) },
    budgets: { packets: 300 + Math.round(random() * 200), flows: 120 },
    dht_size_estimate: estimate,
    dht_size_low: estimate - 40,
    dht_size_high: estimate + 55,
    liars: { fake_samples: 10, id_mismatch: 8 },
  };
}

export function serviceEvents(options: SeedOptions, random: Random, stamp: Stamp): Event[] {
  const services = ['dht-crawler', 'swarm-prober', 'ingest', 'web'];
  const startMs = options.endMs - options.hours * 3_600_000;
  const count = options.hours * 30;
  return services.flatMap((service, s) =>
    Array.from({ length: count }, (_, i) =>
      makeEvent(
        'service_sampled',
        {
          service,
          counters: { events: i * 100 * (s + 1) },
          lag: service === 'ingest' ? Math.round(random() * 300) : null,
          build: '0.1.0',
        },
        stamp(startMs + ((options.endMs - startMs) * (i + 1)) / count - 5_000, service === 'web' ? 'web-1' : 'up-1'),
      ),
    ),
  );
}

export function alertEvents(options: SeedOptions, stamp: Stamp): Event[] {
  const of = (n: number, state: 'firing' | 'resolved', ago: number) =>
    makeEvent(
      'alert_changed',
      {
        rule: 'last_proved_seeder_gone',
        labels: { swarm: swarmOf(n), name: nameOf(n) ?? swarmOf(n) },
        state,
        since: options.endMs - ago - 60_000,
        value: state === 'firing' ? 0 : 2,
        delivered: 1,
      },
      stamp(options.endMs - ago),
    );
  return [of(6, 'firing', 14 * 3_600_000), of(6, 'resolved', 9 * 3_600_000), of(2, 'firing', 3 * 3_600_000)];
}
