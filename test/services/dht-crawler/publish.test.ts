// What of the crawl reaches the bus: valid events, within the volume rules, pseudonymous unless told otherwise.
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { CrawlNode } from '@swarmscope/dht-crawler/nodes.ts';
import { Publisher } from '@swarmscope/dht-crawler/publish.ts';
import { type Event, type EventOf, parseEvent, Rejection } from '@swarmscope/events/event.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { epochAt, PSEUDONYM_PERIOD_MS, Pseudonyms } from '@swarmscope/runtime/pseudonym.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';

const random = seededRandom(5);
const clock = new ManualClock(1_000);
const pseudonyms = new Pseudonyms({ clock, epoch: epochAt(clock.wall(), PSEUDONYM_PERIOD_MS), key: new Uint8Array(32).fill(7) });
const HOUR_MS = 3_600_000;

function publisherOf(addresses: 'pseudonymous' | 'full', takenDown: readonly string[] = []) {
  const events: Event[] = [];
  const bus = {
    publish(event: Event) {
      const checked = parseEvent(event.topic, event);
      if (checked instanceof Rejection) throw new Error(checked.detail);
      events.push(checked);
      return 'queued' as const;
    },
  };
  const takedown = { has: (infoHash: string) => takenDown.includes(infoHash) };
  const options = { bus, clock, pseudonyms, network: 'test', instanceId: 'i', addresses, takedown };
  const publisher = new Publisher(options);
  return { publisher, events };
}

const reporter = { address: '5.6.7.8', port: 6881, id: randomBytes(random, 20) };

test('one sighting per infohash, way and reporter an hour, and one more for the confirmation', () => {
  const { publisher, events } = publisherOf('pseudonymous');
  const bytes = randomBytes(random, 60);
  for (let now = 0; now < HOUR_MS; now += 60_000)
    for (const at of [0, 20, 40]) publisher.sighting(bytes, at, 'sample', reporter, false, now);
  expect(events).toHaveLength(3);
  publisher.sighting(bytes, 0, 'announce', reporter, false, HOUR_MS - 1);
  publisher.sighting(bytes, 0, 'sample', { ...reporter, address: '5.6.7.9' }, true, HOUR_MS - 1);
  publisher.sighting(bytes, 0, 'sample', reporter, true, HOUR_MS - 1);
  expect(
    events
      .slice(3)
      .map((event) => [(event as EventOf<'infohash_sighted'>).way, (event as EventOf<'infohash_sighted'>).confirmed]),
  ).toEqual([
    ['announce', 0],
    ['sample', 1],
    ['sample', 1],
  ]);
  publisher.sighting(bytes, 0, 'sample', reporter, false, 3 * HOUR_MS);
  expect(events).toHaveLength(7);
});

test('an infohash of the takedown list is never told of, in whatever way it was learned', () => {
  const bytes = randomBytes(random, 40);
  const { publisher, events } = publisherOf('pseudonymous', [toHex(bytes.subarray(20))]);
  for (const at of [0, 20])
    for (const way of ['sample', 'get_peers', 'announce'] as const) publisher.sighting(bytes, at, way, reporter, true, 0);
  expect(events.map((event) => (event as EventOf<'infohash_sighted'>).info_hash)).toEqual(
    Array(3).fill(toHex(bytes.subarray(0, 20))),
  );
});

test('a reporter is a pseudonym; its endpoint is there only with full addresses', () => {
  const bytes = randomBytes(random, 20);
  const { publisher, events } = publisherOf('pseudonymous');
  publisher.sighting(bytes, 0, 'sample', reporter, false, 0);
  expect(events[0]).toMatchObject({
    reporter_key: pseudonyms.nodeKey(reporter.id, reporter.address),
    reporter_endpoint: null,
    family: 4,
  });
  const { publisher: full, events: whole } = publisherOf('full');
  full.sighting(bytes, 0, 'get_peers', { address: '2a00::1', port: 5 }, false, 0);
  expect(whole[0]).toMatchObject({ reporter_endpoint: '[2a00::1]:5', reporter_key: pseudonyms.addressKey('2a00::1'), family: 6 });
});

test('a node is told of once an hour for each verdict, unknown things as null', () => {
  const { publisher, events } = publisherOf('pseudonymous');
  const node = new CrawlNode(randomBytes(random, 20), '5.6.7.8', 6881);
  Object.assign(node, {
    met: true,
    answers: 2,
    bep51: true,
    num: 30,
    intervalS: 0,
    rttMs: 41.6,
    version: Uint8Array.of(0x4c, 0x54, 2, 1),
  });
  publisher.node(node, 'ok', 0);
  publisher.node(node, 'ok', HOUR_MS - 1);
  publisher.node(node, 'fake_peers', HOUR_MS - 1);
  publisher.node(node, 'fake_peers', 2 * HOUR_MS);
  expect(events.map((event) => (event as EventOf<'dht_node_seen'>).verdict)).toEqual(['ok', 'fake_peers', 'fake_peers']);
  expect(events[0]).toMatchObject({
    client: 'libtorrent 2.1',
    rtt_ms: 42,
    bep51: 1,
    bep33: null,
    num_infohashes: 30,
    interval_s: 0,
    ip_prefix: '5.6.7.0/24',
    id_prefix: node.id[0],
    node_id: null,
    endpoint: null,
  });
  const silent = new CrawlNode(randomBytes(random, 20), '5.6.7.9', 6881);
  publisher.node(silent, 'silent', 0);
  expect(events.at(-1)).toMatchObject({
    verdict: 'silent',
    reachable: 0,
    rtt_ms: null,
    bep51: null,
    num_infohashes: null,
    interval_s: null,
  });
});

test('absurd figures of a remote fit their columns', () => {
  const { publisher, events } = publisherOf('full');
  const node = new CrawlNode(randomBytes(random, 20), '5.6.7.8', 6881);
  Object.assign(node, { num: Number.MAX_SAFE_INTEGER, intervalS: 2 ** 40, version: Uint8Array.of(0, 255, 1) });
  publisher.node(node, 'malformed', 0);
  expect(events[0]).toMatchObject({
    num_infohashes: 2 ** 32 - 1,
    interval_s: 2 ** 32 - 1,
    client: null,
    endpoint: '5.6.7.8:6881',
  });
});
