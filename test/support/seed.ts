// A made-up month for tests of questions: torrents with fates, a DHT with honest and lying nodes, services and alerts; the same on every run but for the date.
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { type Event, makeEvent } from '@swarmscope/events/event.ts';
import { rowWriter } from '@swarmscope/events/table.ts';
import { rejectedLine } from '@swarmscope/store/rejected.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { DAY_MS, DAYS, FATES, hexOf, type StampOf, swarmEvents } from './seed-swarms.ts';

const NETWORK = 'public';
const NODES = 60;
const NODE_CLIENTS = ['libtorrent 2.0', 'µTorrent 3.6', 'BitTorrent 7.1', 'aria2 1.37', null];
const CAUGHT = ['fake_nodes', 'fake_samples', 'sybil', 'id_mismatch'] as const;
const ROWS = 5_000;

/** Midnight (UTC) that the month ends with: the one before now. */
export function endOfSeed(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS) * DAY_MS;
}

/** All events of the month before `endMs`, which is a midnight. */
export function* seedEvents(endMs: number): Generator<Event> {
  const startMs = endMs - DAYS * DAY_MS;
  const stampOf: StampOf = (ts) => ({ ts, instance_id: 'seed-1', network: NETWORK });
  for (const fate of FATES) yield* swarmEvents(fate, startMs, stampOf);
  for (let day = 0; day < DAYS; day += 1) {
    yield* dhtDay(day, startMs + day * DAY_MS, stampOf);
    yield* serviceDay(day, startMs + day * DAY_MS, stampOf);
  }
  const labels = { swarm: hexOf(20, 'swarm', 'field-recordings-1994') };
  const since = endMs - 3 * DAY_MS + 3_600_000;
  for (const [i, state] of (['pending', 'firing'] as const).entries())
    yield makeEvent(
      'alert_changed',
      { rule: 'last_proved_seeder_gone', labels, state, since, value: 0, delivered: i === 1 ? 1 : 0 },
      stampOf(since + i * 300_000),
    );
}

function* dhtDay(day: number, dayMs: number, stampOf: StampOf): Generator<Event> {
  const key_epoch = Math.floor(day / 7);
  for (let n = 0; n < NODES + day; n += 1) {
    const isCaught = n % 17 === 16;
    yield makeEvent(
      'dht_node_seen',
      {
        node_key: hexOf(8, 'node', n, key_epoch),
        key_epoch,
        id_prefix: (n * 37) % 256,
        address_key: hexOf(8, 'node address', n >> (isCaught ? 3 : 0), key_epoch),
        ip_prefix: `203.0.${n}.0/24`,
        family: n % 6 === 5 ? 6 : 4,
        port: 6_881 + n,
        client: NODE_CLIENTS[n % NODE_CLIENTS.length]!,
        rtt_ms: n % 9 === 8 ? null : 30 + (n % 13) * 11,
        bep51: n % 3 === 0 ? 0 : 1,
        bep33: n % 4 === 0 ? 1 : 0,
        bep42_ok: n % 2 === 0 ? 1 : 0,
        read_only: n % 20 === 19 ? 1 : 0,
        num_infohashes: n % 3 === 0 ? null : 400 + n,
        interval_s: n % 3 === 0 ? null : 300,
        verdict: isCaught ? CAUGHT[n % CAUGHT.length]! : n % 9 === 8 ? 'silent' : 'ok',
        reachable: n % 9 === 8 ? 0 : 1,
      },
      stampOf(dayMs + n * 60_000),
    );
  }
  const ways = ['sample', 'sample', 'sample', 'get_peers', 'announce'] as const;
  for (let n = 0; n < 120; n += 1)
    yield makeEvent(
      'infohash_sighted',
      {
        info_hash: hexOf(20, 'infohash', (n * 7 + day * 20) % 900),
        way: ways[n % ways.length]!,
        reporter_key: hexOf(8, 'node', n % NODES, key_epoch),
        key_epoch,
        family: n % 6 === 5 ? 6 : 4,
        confirmed: n % 8 === 0 ? 1 : 0,
      },
      stampOf(dayMs + n * 600_000),
    );
}

function* serviceDay(day: number, dayMs: number, stampOf: StampOf): Generator<Event> {
  for (let hour = 0; hour < 24; hour += 1) {
    const stamp = stampOf(dayMs + hour * 3_600_000);
    yield makeEvent(
      'crawl_sampled',
      {
        shard: '0/1',
        sweep_id: String(day * 4 + Math.floor(hour / 6)),
        window_s: 3_600,
        coverage_ppm: ((hour % 6) + 1) * 166_000,
        nodes: 5_000 + day * 10 + hour,
        infohashes: 90_000 + day * 100,
        queries: 36_000,
        answers: 24_000 + hour * 100,
        malformed: { not_bencode: 12, too_large: hour % 2 },
        budgets: { packets: 600, flows: 300 },
        dht_size_estimate: 5_200_000 + day * 1_000,
        dht_size_low: 5_000_000,
        dht_size_high: 5_500_000,
        liars: { fake_nodes: 3 },
      },
      stamp,
    );
    yield makeEvent(
      'service_sampled',
      {
        service: 'ingest',
        counters: { rows: (day * 24 + hour) * 1_000, insert_errors: 0, rejected: day },
        lag: hour * 3,
        build: '0.1.0',
      },
      stamp,
    );
  }
}

/** Inserts as ingest does: blocks of one topic with positions and tokens. Answers how many rows there were per topic. */
export async function insertSeed(store: Store, endMs: number): Promise<Record<string, number>> {
  const lines = Object.fromEntries(TOPICS.map((topic) => [topic, [] as string[]]));
  const writers = Object.fromEntries(TOPICS.map((topic) => [topic, rowWriter(topic)]));
  for (const event of seedEvents(endMs)) {
    const own = lines[event.topic]!;
    own.push(writers[event.topic]!({ ...event, _partition: 0, _offset: String(own.length) }));
  }
  for (const topic of TOPICS)
    for (let i = 0; i < lines[topic]!.length; i += ROWS)
      await store.insert(topic, lines[topic]!.slice(i, i + ROWS), `seed|${topic}|${i}`);
  const refused = {
    topic: 'peer_probed',
    reason: 'bad_column',
    detail: 'family: Invalid input',
    bytes: Buffer.from('{"family":5}'),
    size: 12,
  };
  await store.insert(
    'rejected',
    [rejectedLine({ ...refused, ts: endMs - DAY_MS, partition: 0, offset: 999_999n })],
    'seed|rejected',
  );
  await store.refresh();
  return Object.fromEntries(TOPICS.map((topic) => [topic, lines[topic]!.length]));
}
