// The lab's DHT nodes answer truthfully what they hold, keep their limits, and lie exactly as told.
import { decode, type Encodable, encode, type Value } from '@swarmscope/bittorrent/bencode.ts';
import { encodeCompact } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { bloomOf } from '@swarmscope/lab/sim/bloom.ts';
import { DHT_BEHAVIOURS, DHT_LIES, type DhtBehaviour, lying } from '@swarmscope/lab/sim/dht-behaviour.ts';
import { DhtLabNode, type DhtNodeFact } from '@swarmscope/lab/sim/dht-node.ts';
import { ID_BYTES, Population } from '@swarmscope/lab/sim/population.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

const random = seededRandom(11);
const population = new Population(
  Array.from({ length: 100 }, (_, i) => ({
    id: randomBytes(random, ID_BYTES),
    endpoint: { address: `10.0.0.${i}`, port: 7_000 },
  })),
);
const asker: Endpoint = { address: '10.9.9.9', port: 6_881 };
const infoHash = randomBytes(random, ID_BYTES);
const id = new Uint8Array(20).fill(0x41);

function make(behaviour: DhtBehaviour = DHT_BEHAVIOURS.plain): DhtLabNode {
  return new DhtLabNode(population, 0, behaviour, random);
}

interface Exchange {
  sent: { bytes: Uint8Array; to: Endpoint }[];
  facts: DhtNodeFact[];
}

function ask(node: DhtLabNode, q: string, a: Record<string, Encodable>, now = 0, from = asker): Exchange {
  const exchange: Exchange = { sent: [], facts: [] };
  const bytes = encode({ t: 'ab', y: 'q', q, a: { id, ...a } });
  node.receive(bytes, from, now, {
    send: (sent, to) => exchange.sent.push({ bytes: sent.slice(), to }),
    emit: (fact) => exchange.facts.push(fact),
  });
  return exchange;
}

function fields(exchange: Exchange): Map<string, Value> {
  expect(exchange.sent).toHaveLength(1);
  const message = decode(exchange.sent[0]!.bytes) as Map<string, Value>;
  expect(message.get('t')).toEqual(new TextEncoder().encode('ab'));
  return message;
}

const answer = (exchange: Exchange) => fields(exchange).get('r') as Map<string, Value>;
const error = (exchange: Exchange) => (fields(exchange).get('e') as Value[])[0];

describe('an honest node', () => {
  test('answers ping and find_node', () => {
    const node = make();
    expect(answer(ask(node, 'ping', {})).get('id')).toEqual(node.resident.id);
    const nodes = answer(ask(node, 'find_node', { target: infoHash })).get('nodes') as Uint8Array;
    expect(nodes).toHaveLength(8 * 26);
    const named = population.known(0, infoHash)[0]!;
    expect(nodes.slice(0, 26)).toEqual(Uint8Array.from([...named.id, ...encodeCompact(named.endpoint)]));
  });

  test('keeps an announce with its token and gives it to the next asker', () => {
    const node = make();
    const token = answer(ask(node, 'get_peers', { info_hash: infoHash })).get('token') as Uint8Array;
    expect(error(ask(node, 'announce_peer', { info_hash: infoHash, port: 5, token: 'wrong' }))).toBe(203);
    expect(node.holdings).toHaveLength(0);
    expect(answer(ask(node, 'announce_peer', { info_hash: infoHash, port: 5, token, seed: 1 })).get('id')).toEqual(
      node.resident.id,
    );
    ask(node, 'announce_peer', { info_hash: infoHash, port: 5, token, implied_port: 1 });
    const values = answer(ask(node, 'get_peers', { info_hash: infoHash })).get('values') as Uint8Array[];
    expect(values).toEqual([encodeCompact({ address: '10.9.9.9', port: 5 }), encodeCompact(asker)]);
    expect(error(ask(node, 'announce_peer', { info_hash: infoHash, port: 5, token }, 600_001))).toBe(203);
  });

  test('scrapes: BEP 33 filters of seeds and others, with values or as libtorrent without', () => {
    const peers = [
      { endpoint: { address: '10.1.1.1', port: 1 }, seed: true },
      { endpoint: { address: '10.1.1.2', port: 1 }, seed: false },
    ];
    for (const [behaviour, withValues] of [
      [DHT_BEHAVIOURS.plain, true],
      [DHT_BEHAVIOURS.libtorrent, false],
    ] as const) {
      const node = make(behaviour);
      node.hold({ infoHash, peers });
      const r = answer(ask(node, 'get_peers', { info_hash: infoHash, scrape: 1 }));
      expect(r.get('BFsd')).toEqual(bloomOf(['10.1.1.1']));
      expect(r.get('BFpe')).toEqual(bloomOf(['10.1.1.2']));
      expect(r.has('values')).toBe(withValues);
    }
  });

  test('gives samples of what it holds: all when few, other ones each time when many, the same within its interval', () => {
    const node = make();
    const patient = make(DHT_BEHAVIOURS.patient);
    const held = Array.from({ length: 60 }, () => randomBytes(random, ID_BYTES));
    for (const one of held) for (const holder of [node, patient]) holder.hold({ infoHash: one, peers: [] });
    const samples = (holder: DhtLabNode, now: number) => {
      const r = answer(ask(holder, 'sample_infohashes', { target: id }, now));
      expect(r.get('num')).toBe(60);
      expect(r.get('interval')).toBe(holder === node ? 0 : 21_600);
      return toHex(r.get('samples') as Uint8Array).match(/.{40}/g)!;
    };
    const seen = new Set(Array.from({ length: 30 }, () => samples(node, 0)).flat());
    expect([...seen].sort()).toEqual(held.map(toHex).sort());
    expect(new Set(samples(node, 0)).size).toBe(20);
    expect(samples(patient, 1_000)).toEqual(samples(patient, 20_000_000));
    expect(samples(patient, 22_000_000)).not.toEqual(samples(patient, 20_000_000));
  });

  test('refuses what it does not speak, and what is malformed', () => {
    expect(error(ask(make(DHT_BEHAVIOURS.old), 'sample_infohashes', { target: id }))).toBe(204);
    expect(error(ask(make(), 'get', { target: id }))).toBe(204);
    expect(error(ask(make(), 'find_node', { target: 'short' }))).toBe(203);
    expect(ask(make(DHT_BEHAVIOURS.dead), 'ping', {}).sent).toEqual([]);
    const out = { send: () => expect.unreachable(), emit: () => expect.unreachable() };
    for (const junk of ['', 'd-3:e', 'i1e', 'd1:y1:qe', 'd1:t2:ab1:y1:re'])
      make().receive(new TextEncoder().encode(junk), asker, 0, out);
  });

  test('ignores who asks too fast, as libtorrent does', () => {
    const node = make(DHT_BEHAVIOURS.libtorrent);
    const answered = (now: number, from = asker) => ask(node, 'ping', {}, now, from).sent.length;
    expect(Array.from({ length: 60 }, (_, i) => answered(i)).reduce((a, b) => a + b)).toBe(50);
    expect(answered(1_000)).toBe(0);
    expect(answered(1_000, { address: '10.9.9.8', port: 1 })).toBe(1);
    expect(answered(400_000)).toBe(1);
  });

  test('says who asked for what', () => {
    const { facts } = ask(make(), 'get_peers', { info_hash: infoHash });
    expect(facts).toEqual([{ type: 'asked', method: 'get_peers', target: infoHash, from: asker }]);
  });
});

describe('a liar', () => {
  const plainAnswer = (q: string) => answer(ask(make(), q, { target: infoHash, info_hash: infoHash }));
  const lie = (name: (typeof DHT_LIES)[number], q: string) =>
    ask(make(lying(name)), q, { target: infoHash, info_hash: infoHash });

  test('names real addresses under invented ids', () => {
    const nodes = answer(lie('random_ids', 'find_node')).get('nodes') as Uint8Array;
    expect(nodes).toHaveLength(8 * 26);
    expect(population.residents.some((one) => toHex(one.id) === toHex(nodes.slice(0, 20)))).toBe(false);
    expect(nodes.slice(20, 23)).toEqual(Uint8Array.of(10, 0, 0));
  });

  test('changes its id', () => {
    expect(answer(lie('changes_id', 'ping')).get('id')).not.toEqual(plainAnswer('ping').get('id'));
  });

  test('invents peers and samples', () => {
    expect(answer(lie('invented_peers', 'get_peers')).get('values')).toHaveLength(50);
    expect(answer(lie('invented_samples', 'sample_infohashes')).get('samples')).toHaveLength(400);
    expect(plainAnswer('get_peers').has('values')).toBe(false);
  });

  test('lists bogons', () => {
    const nodes = answer(lie('bogons', 'find_node')).get('nodes') as Uint8Array;
    expect([...nodes.slice(20, 24)]).toEqual([10, 1, 2, 3]);
  });

  test('says impossible intervals', () => {
    expect(answer(lie('huge_interval', 'sample_infohashes')).get('interval')).toBe(2 ** 31);
    expect(answer(lie('negative_interval', 'sample_infohashes')).get('interval')).toBe(-1);
  });

  test('crowds a target', () => {
    const nodes = answer(lie('sybil', 'find_node')).get('nodes') as Uint8Array;
    expect(nodes.slice(0, 19)).toEqual(infoHash.slice(0, 19));
  });

  test('mangles, swells, repeats', () => {
    const mangled = Array.from({ length: 40 }, () => lie('malformed', 'find_node').sent[0]!.bytes);
    expect(mangled.some((bytes) => decode(bytes) instanceof Malformed)).toBe(true);
    expect(lie('oversize', 'ping').sent[0]!.bytes.length).toBeGreaterThan(20_000);
    expect(lie('unasked', 'ping').sent).toHaveLength(3);
  });

  test('floods who asked it', () => {
    const node = make(lying('flood'));
    expect(node.deadline()).toBe(Number.POSITIVE_INFINITY);
    ask(node, 'ping', {}, 100);
    const sent: Endpoint[] = [];
    for (let i = 0; i < 20; i++) node.tick(node.deadline(), { send: (_, to) => sent.push(to), emit: () => {} });
    expect(sent).toEqual(Array.from({ length: 20 }, () => asker));
    expect(node.deadline()).toBe(100 + 21 * 50);
    while (node.deadline() < 60_000) node.tick(node.deadline(), { send: (_, to) => sent.push(to), emit: () => {} });
    expect([sent.length, node.deadline()]).toEqual([200, Number.POSITIVE_INFINITY]);
    ask(node, 'ping', {}, 30_000);
    expect(node.deadline()).toBe(Number.POSITIVE_INFINITY);
    ask(node, 'ping', {}, 60_200);
    expect(node.deadline()).toBe(60_250);
  });

  test('every lie still answers a ping, or tries to', () => {
    for (const name of DHT_LIES) expect(lie(name, 'ping').sent.length).toBeGreaterThan(0);
  });
});

test('the filter of BEP 33 is the one in its text', () => {
  const v4 = Array.from({ length: 256 }, (_, i) => `192.0.2.${i}`);
  const v6 = Array.from({ length: 1_000 }, (_, i) => `2001:db8::${i.toString(16)}`);
  expect(toHex(bloomOf([...v4, ...v6])).toUpperCase()).toBe(
    'F6C3F5EAA07FFD91BDE89F777F26FB2BFF37BDB8FB2BBAA2FD3DDDE7BACFFF75EE7CCBAEFE5EEDB1FBFAFF67F6ABFF5E43DDBCA3FD9B9FFDF4FFD3E9DFF12D1B' +
      'DF59DB53DBE9FA5B7FF3B8FDFCDE1AFB8BEDD7BE2F3EE71EBBBFE93BCDEEFE148246C2BC5DBFF7E7EFDCF24FD8DC7ADFFD8FFFDFDDFFF7A4BBEEDF5CB95CE81F' +
      'C7FCFF1FF4FFFFDFE5F7FDCBB7FD79B3FA1FC77BFE07FFF905B7B7FFC7FEFEFFE0B8370BB0CD3F5B7F2BD93FEB4386CFDD6F7FD5BFAF2E9EBFFFFEECD67ADBF7' +
      'C67F17EFD5D75EBA6FFEBA7FFF47A91EB1BFBB53E8ABFB5762ABE8FF237279BFEFBFEEF5FFC5FEBFDFE5ADFFADFEE1FB737FFFFBFD9F6AEFFEEE76B6FD8F72EF',
  );
});
