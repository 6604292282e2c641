// Events are made in order with nulls, checked strictly, lifted from old versions, keyed and bounded.
import { OUTCOMES as MACHINE_OUTCOMES } from '@swarmscope/bittorrent/machine.ts';
import { define, type EventDefinition } from '@swarmscope/events/definition.ts';
import { definitions, TOPICS } from '@swarmscope/events/definitions.ts';
import { OUTCOMES, VERDICTS, zeroCounts } from '@swarmscope/events/enums.ts';
import { decodeEvent, encodeEvent, eventKey, lift, makeEvent, parseEvent, Rejection } from '@swarmscope/events/event.ts';
import { cutFiles, cutText, FILES_MAX, RECORD_BYTES_MAX } from '@swarmscope/events/lists.ts';
import { describe, expect, test } from 'vitest';

const stamp = { ts: 1_763_960_400_123, instance_id: 'crawler-1', network: 'public' };
const sighted = { info_hash: 'ab'.repeat(20), way: 'sample', key_epoch: 3, family: 4, confirmed: 0 } as const;
const resolved = {
  swarm_id: 'cd'.repeat(20),
  name: 'a',
  size_bytes: '18446744073709551615',
  piece_length_bytes: 16_384,
  pieces: 1,
  files: [],
  files_total: 0,
  private: 0,
  source: 'peer',
} as const;

describe('makeEvent', () => {
  test('puts every column in order and missing ones as null', () => {
    const event = makeEvent('infohash_sighted', sighted, stamp);
    expect(event).toEqual({
      topic: 'infohash_sighted',
      ...stamp,
      event_version: 1,
      ...sighted,
      reporter_key: null,
      reporter_endpoint: null,
    });
    expect(Object.keys(event).slice(0, 5)).toEqual(['topic', 'ts', 'event_version', 'instance_id', 'network']);
    expect(eventKey(event)).toBe('ab'.repeat(20));
    expect(parseEvent('infohash_sighted', event)).toEqual(event);
  });

  test('cuts texts to their bound and leaves no half character', () => {
    const event = makeEvent('torrent_resolved', { ...resolved, files: [], name: `${'x'.repeat(1023)}\u{1f600}` }, stamp);
    expect(event.name).toHaveLength(1024);
    expect(event.name.isWellFormed()).toBe(true);
    expect(parseEvent('torrent_resolved', event)).toEqual(event);
  });
});

describe('parseEvent', () => {
  const good = makeEvent('infohash_sighted', sighted, stamp);
  const rejects: [string, string, unknown, string][] = [
    ['a topic nobody knows', 'nonsense', good, 'unknown_topic'],
    ['no object', 'infohash_sighted', [good], 'not_an_object'],
    ['null', 'infohash_sighted', null, 'not_an_object'],
    ['a newer version', 'infohash_sighted', { ...good, event_version: 99 }, 'unknown_version'],
    ['no version', 'infohash_sighted', { ...good, event_version: undefined }, 'unknown_version'],
    ['an unknown column', 'infohash_sighted', { ...good, extra: 1 }, 'bad_column'],
    ['a missing column', 'infohash_sighted', { ...good, way: undefined }, 'bad_column'],
    ['upper-case hex', 'infohash_sighted', { ...good, info_hash: 'AB'.repeat(20) }, 'bad_column'],
    ['a fraction for an integer', 'infohash_sighted', { ...good, ts: 1.5 }, 'bad_column'],
    ['another topic inside', 'infohash_sighted', { ...good, topic: 'peer_probed' }, 'bad_column'],
    ['family 5', 'infohash_sighted', { ...good, family: 5 }, 'bad_column'],
    ['true for a flag', 'infohash_sighted', { ...good, confirmed: true }, 'bad_column'],
  ];
  test.each(rejects)('rejects %s', (_name, topic, value, reason) => {
    const result = parseEvent(topic, value);
    expect(result).toBeInstanceOf(Rejection);
    expect((result as Rejection).reason).toBe(reason);
  });

  test.each(['18446744073709551616', '-1', '01', '1e3', '', '99999999999999999999'])('rejects %s as a 64-bit integer', (size) => {
    const event = { ...makeEvent('torrent_resolved', { ...resolved, files: [] }, stamp), size_bytes: size };
    expect(parseEvent('torrent_resolved', event)).toBeInstanceOf(Rejection);
  });

  test('lone surrogates are no text', () => {
    const event = { ...makeEvent('torrent_resolved', { ...resolved, files: [] }, stamp), name: 'a\ud800' };
    expect(parseEvent('torrent_resolved', event)).toBeInstanceOf(Rejection);
  });

  test('bytes: JSON or not, and bounded', () => {
    expect(decodeEvent('infohash_sighted', encodeEvent(good))).toEqual(good);
    expect(decodeEvent('infohash_sighted', '{')).toMatchObject({ reason: 'not_json' });
    expect(decodeEvent('infohash_sighted', ' '.repeat(RECORD_BYTES_MAX + 1))).toMatchObject({ reason: 'too_large' });
    expect(decodeEvent('infohash_sighted', `"${'\u20ac'.repeat(RECORD_BYTES_MAX / 2)}"`)).toMatchObject({ reason: 'too_large' });
  });
});

describe('definitions', () => {
  test('the key and the sort order are columns; the topic is the name', () => {
    for (const topic of TOPICS) {
      const definition = definitions[topic];
      const names = ['ts', 'instance_id', ...Object.keys(definition.columns)];
      expect(definition.topic).toBe(topic);
      expect(names).toContain(definition.key);
      for (const column of definition.order) expect(names).toContain(column);
    }
  });

  test('outcomes are those of the machine contract; counts have ten keys', () => {
    expect(OUTCOMES).toEqual(MACHINE_OUTCOMES);
    expect(Object.keys(zeroCounts())).toEqual([...VERDICTS]);
    expect(VERDICTS).toHaveLength(10);
    for (const verdict of VERDICTS) expect(Object.keys(definitions.swarm_sampled.columns)).toContain(verdict);
  });
});

describe('lists are cut and totals kept', () => {
  test('files by number', () => {
    const many = Array.from({ length: FILES_MAX + 5 }, (_, i) => ({ path: `f${i}`, size_bytes: '1', merkle_root: null }));
    const { files, files_total } = cutFiles(many);
    expect(files).toHaveLength(FILES_MAX);
    expect(files_total).toBe(FILES_MAX + 5);
  });

  test('files by bytes: the record stays below its bound', () => {
    const many = Array.from({ length: 900 }, (_, i) => ({
      path: `\u0001\u20ac${'\u0001'.repeat(4_000)}${i}`,
      size_bytes: '1',
      merkle_root: null,
    }));
    const cut = cutFiles(many);
    const event = makeEvent('torrent_resolved', { ...resolved, ...cut }, stamp);
    expect(Buffer.byteLength(encodeEvent(event))).toBeLessThan(RECORD_BYTES_MAX);
    expect(decodeEvent('torrent_resolved', encodeEvent(event))).toEqual(event);
    expect(event.files_total).toBe(900);
  });

  test('texts', () => {
    expect(cutText('abc', 2)).toBe('ab');
    expect(cutText('a\ud800b', 9)).toBe('a\ufffdb');
  });
});

describe('old versions', () => {
  test('a census of before BEP 33 knows nothing of filters', () => {
    const columns = { swarm_id: 'ab'.repeat(20), census_id: 'ab'.repeat(8), window_s: 5, ...zeroCounts(), endpoints_known: 0 };
    const lists = { sources: [], availability: [], availability_histogram: [], files_at_risk: [] };
    const event = makeEvent('swarm_sampled', { ...columns, ...lists, endpoints_tried: 0, reached: 0, own_announces: 0 }, stamp);
    const old = Object.fromEntries(Object.entries(event).filter(([name]) => !name.startsWith('dht_')));
    expect(parseEvent('swarm_sampled', { ...old, event_version: 1 })).toEqual(event);
    expect(parseEvent('swarm_sampled', { ...old, event_version: 2 })).toMatchObject({ reason: 'bad_column' });
  });

  const definition = define({
    topic: 'made_up',
    version: 3,
    key: 'id',
    volume: 'measure',
    order: ['id'],
    retentionDays: 1,
    meaning: 'Had `size` in KiB at first, then in bytes, then a name too.',
    columns: {},
    upcasts: {
      1: ({ size_kib, ...rest }) => ({ ...rest, size_bytes: String(Number(size_kib) * 1_024) }),
      2: (columns) => ({ ...columns, name: null }),
    },
  }) as EventDefinition;
  const present = { event_version: 3, id: 'a', size_bytes: '2048', name: null };

  test('each is lifted step by step to the present one', () => {
    expect(lift(definition, { event_version: 1, id: 'a', size_kib: 2 })).toEqual(present);
    expect(lift(definition, { event_version: 2, id: 'a', size_bytes: '2048' })).toEqual(present);
    expect(lift(definition, present)).toBe(present);
  });

  test.each([[0], [4], [1.5], ['1'], [null]])('version %s is unknown', (event_version) => {
    expect(lift(definition, { ...present, event_version })).toMatchObject({ reason: 'unknown_version' });
  });

  test('a version whose step is gone is rejected, not guessed', () => {
    const { upcasts, ...rest } = definition;
    expect(lift({ ...rest, upcasts: { 2: upcasts![2]! } }, { event_version: 1, id: 'a' })).toMatchObject({
      reason: 'unknown_version',
      detail: 'made_up version 1 cannot be lifted any more.',
    });
  });
});
