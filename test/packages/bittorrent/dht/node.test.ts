// DhtNode in a virtual network: joining, looking up, announcing, answering, and the rules it never breaks.

import { estimateFilter } from '@swarmscope/bittorrent/dht/bloom.ts';
import { compareDistance, randomId } from '@swarmscope/bittorrent/dht/distance.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';
import { startMesh, VirtualNetwork, VirtualNode } from '../../../support/dht-network.ts';
import { Stranger } from '../../../support/dht-stranger.ts';

const random = seededRandom(11);

describe('a mesh of 100 nodes', () => {
  const network = new VirtualNetwork(1);
  const nodes = startMesh(network, 100);
  const target = randomId(random);

  test('everybody has a table', () => {
    for (const { node } of nodes) expect(node.table.size).toBeGreaterThanOrEqual(8);
  });

  test('a lookup finds the 8 closest of all', () => {
    const asker = nodes[17]!;
    const lookup = asker.node.lookup({ target, kind: 'find_node' }, network.now, asker.out);
    network.run(20_000);
    const done = asker.factsOf('lookup_done').find((fact) => fact.lookup === lookup)!;
    const ids = nodes.filter((each) => each !== asker).map((each) => each.node.id);
    ids.sort((a, b) => compareDistance(target, a, b));
    expect(done.closest.map((contact) => contact.id)).toEqual(ids.slice(0, 8));
    expect(done.asked).toBeLessThanOrEqual(64);
  });

  test('what is announced is found, counted by scrape, sighted and sampled', () => {
    const infoHash = randomId(random);
    for (const [i, announcer] of nodes.slice(30, 40).entries())
      announcer.node.lookup(
        { target: infoHash, kind: 'get_peers', announce: { port: 5000 + i, seed: i < 4, impliedPort: false } },
        network.now,
        announcer.out,
      );
    network.run(30_000);
    for (const announcer of nodes.slice(30, 40)) expect(announcer.factsOf('lookup_done').at(-1)!.announcedTo).toBe(8);
    const asker = nodes[90]!;
    asker.node.lookup({ target: infoHash, kind: 'get_peers', scrape: true }, network.now, asker.out);
    network.run(30_000);
    const peers = new Set(
      asker.factsOf('peers').flatMap((fact) => fact.endpoints.map(({ address, port }) => `${address}:${port}`)),
    );
    expect(peers).toEqual(new Set(nodes.slice(30, 40).map(({ endpoint }, i) => `${endpoint.address}:${5000 + i}`)));
    const filters = asker.factsOf('filters');
    expect(filters.length).toBeGreaterThanOrEqual(8);
    expect(Math.max(...filters.map((fact) => Math.round(estimateFilter(fact.seeds))))).toBe(4);
    expect(Math.max(...filters.map((fact) => Math.round(estimateFilter(fact.downloaders))))).toBe(6);
    const sighted = nodes.flatMap((each) => each.factsOf('sighted')).filter((fact) => fact.way === 'announce');
    expect(sighted.length).toBeGreaterThanOrEqual(80);
    expect(sighted.every((fact) => fact.endpoint !== undefined)).toBe(true);
    const holder = nodes.find((each) => each.node.stored > 0)!;
    const stranger = new Stranger(network, '10.9.0.1');
    stranger.say(stranger.writer.query({ method: 'sample_infohashes', target }, 7), holder.endpoint);
    network.run(100);
    const view = stranger.last();
    expect([view.num, view.samplesCount, view.intervalS]).toEqual([1, 1, 300]);
    expect(view.copy(view.samplesAt)).toEqual(infoHash);
  });

  test('no host was asked more than 4 times at once, nor faster than once a second after that', () => {
    const asked = new Map<string, number[]>();
    const view = new KrpcView();
    for (const { atMs, from, to, bytes } of network.log) {
      if (view.parse(bytes) !== undefined || view.kind !== 'query' || from.address.startsWith('10.9.')) continue;
      const key = `${from.address} ${to.address}`;
      asked.set(key, [...(asked.get(key) ?? []), atMs]);
    }
    for (const times of asked.values())
      for (let i = 0; i < times.length; i++)
        for (let j = i; j < times.length; j++) expect(j - i + 1).toBeLessThanOrEqual(4 + (times[j]! - times[i]!) / 1000);
  });
});

describe('answers', () => {
  const network = new VirtualNetwork(2);
  const [node] = startMesh(network, 40);
  const at = node!.endpoint;

  test('an unverified asker never gets more than five times what he sent, whatever he asks', () => {
    const target = randomId(random);
    for (let i = 0; i < 200; i++)
      network.add({
        endpoint: { address: `10.8.0.${i}`, port: 1 },
        receive: () => undefined,
        tick: () => undefined,
        deadline: () => Number.POSITIVE_INFINITY,
      });
    const fill = new Stranger(network, '10.8.1.1');
    fill.say(fill.writer.query({ method: 'get_peers', target }, 1), at);
    network.run(100);
    const token = fill.last().copy(fill.last().tokenAt, fill.last().tokenLength);
    for (let port = 1; port <= 40; port++)
      fill.say(
        fill.writer.query(
          {
            method: 'announce_peer',
            target: port <= 30 ? target : randomId(random),
            token,
            port,
            impliedPort: false,
            seed: false,
          },
          port,
        ),
        at,
      );
    network.run(100);
    for (const [i, query] of [
      { method: 'ping' } as const,
      { method: 'find_node', target, want: 'both' } as const,
      { method: 'get_peers', target } as const,
      { method: 'get_peers', target, scrape: true } as const,
      { method: 'sample_infohashes', target } as const,
    ].entries()) {
      const asker = new Stranger(network, `10.8.2.${i}`);
      const bytes = asker.writer.query(query, 1).slice();
      asker.say(bytes, at);
      network.run(100);
      expect(asker.last().kind).toBe('reply');
      expect(asker.got.at(-1)!.length).toBeLessThanOrEqual(5 * bytes.length);
      expect(asker.last().seedsAt).toBe(-1);
    }
  });

  test('who answered our ping gets whole answers', () => {
    const asker = new Stranger(network, '10.8.3.1', 7000, false);
    const target = randomId(random);
    asker.onQuery = (view) => asker.writer.reply({}, view.bytes, view.transactionAt, view.transactionLength).slice();
    asker.say(asker.writer.query({ method: 'ping' }, 1), at);
    network.run(1_000);
    const bytes = asker.writer.query({ method: 'sample_infohashes', target }, 2).slice();
    asker.say(bytes, at);
    network.run(100);
    expect(asker.last().samplesCount).toBe(11);
    expect(asker.last().nodesCount).toBe(8);
  });

  test('an announce with a token of another address, or a wrong one, is refused with 203', () => {
    const [a, b] = [new Stranger(network, '10.8.4.1'), new Stranger(network, '10.8.4.2')];
    const target = randomId(random);
    a.say(a.writer.query({ method: 'get_peers', target }, 1), at);
    network.run(100);
    const token = a.last().copy(a.last().tokenAt, a.last().tokenLength);
    const before = node!.factsOf('sighted').filter((fact) => fact.way === 'announce').length;
    b.say(b.writer.query({ method: 'announce_peer', target, token, port: 5, impliedPort: false, seed: false }, 1), at);
    network.run(100);
    expect([b.last().kind, b.last().errorCode]).toEqual(['error', 203]);
    expect(node!.factsOf('sighted').filter((fact) => fact.way === 'announce')).toHaveLength(before);
    a.say(a.writer.query({ method: 'announce_peer', target, token, port: 5, impliedPort: true, seed: true }, 1), at);
    network.run(100);
    expect(a.last().kind).toBe('reply');
    expect(node!.factsOf('sighted').at(-1)).toMatchObject({ way: 'announce', endpoint: a.endpoint, seed: true });
  });

  test('get and put of BEP 44 are refused with 204, which lookups step over: no item is kept', () => {
    const asker = new Stranger(network, '10.8.7.1');
    const text = (query: string) =>
      asker.say(
        Uint8Array.from(query, (character) => character.charCodeAt(0)),
        at,
      );
    text('d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q3:get1:t2:aa1:y1:qe');
    network.run(100);
    expect([asker.last().kind, asker.last().errorCode]).toEqual(['error', 204]);
    text('d1:ad2:id20:abcdefghij01234567895:token4:abcd1:v12:Hello World!e1:q3:put1:t2:bb1:y1:qe');
    network.run(100);
    expect([asker.last().kind, asker.last().errorCode]).toEqual(['error', 204]);
    expect(asker.got).toHaveLength(2);
  });

  test('an announce of an infohash that is not kept is refused with 201, and given to nobody', () => {
    const banned = randomId(random);
    const keeps = (infoHash: Uint8Array) => !equalBytes(infoHash, banned);
    const apart = new VirtualNetwork(22);
    const keeper = new VirtualNode(apart, { address: '10.0.0.1', port: 1 }, { keeps });
    const { endpoint } = keeper;
    const asker = new Stranger(apart, '10.8.8.1');
    for (const target of [banned, randomId(random)]) {
      asker.say(asker.writer.query({ method: 'get_peers', target }, 1), endpoint);
      apart.run(100);
      const token = asker.last().copy(asker.last().tokenAt, asker.last().tokenLength);
      asker.say(
        asker.writer.query({ method: 'announce_peer', target, token, port: 5, impliedPort: false, seed: false }, 2),
        endpoint,
      );
      apart.run(100);
      if (target === banned) expect([asker.last().kind, asker.last().errorCode]).toEqual(['error', 201]);
      else expect(asker.last().kind).toBe('reply');
    }
    asker.say(asker.writer.query({ method: 'get_peers', target: banned }, 3), endpoint);
    apart.run(100);
    expect([asker.last().valuesCount, keeper.node.stored]).toEqual([0, 1]);
    expect(keeper.factsOf('sighted').filter((fact) => fact.way === 'announce')).toHaveLength(1);
  });

  test('an unknown method is refused with 204, a malformed query with 203, junk with nothing', () => {
    const asker = new Stranger(network, '10.8.5.1');
    const text = (query: string) =>
      asker.say(
        Uint8Array.from(query, (character) => character.charCodeAt(0)),
        at,
      );
    text('d1:ad2:id20:abcdefghij0123456789e1:q4:vote1:t2:aa1:y1:qe');
    network.run(100);
    expect(asker.last().errorCode).toBe(204);
    text('d1:ade1:q9:find_node1:t2:bb1:y1:qe');
    network.run(100);
    expect(asker.last().errorCode).toBe(203);
    const before = asker.got.length;
    text('d-3:e');
    network.run(100);
    expect(asker.got).toHaveLength(before);
    expect(
      node!
        .factsOf('malformed')
        .slice(-2)
        .map((fact) => fact.reason),
    ).toEqual(['missing_field', 'bad_key']);
  });

  test('a flood is dropped beyond the budget of its host; others are still answered', () => {
    const flooder = new Stranger(network, '10.8.6.1');
    for (let i = 0; i < 500; i++) flooder.say(flooder.writer.query({ method: 'ping' }, i), at);
    network.run(100);
    expect(flooder.got.length).toBeLessThanOrEqual(60);
    const other = new Stranger(network, '10.8.6.2');
    other.say(other.writer.query({ method: 'ping' }, 1), at);
    network.run(100);
    expect(other.last().kind).toBe('reply');
  });
});

describe('what a node does not believe', () => {
  test('a reply from another socket, to no question, or under another id changes nothing', () => {
    const network = new VirtualNetwork(3);
    const { node, out, facts, endpoint } = new VirtualNode(network, { address: '10.0.0.1', port: 1 });
    const liar = new Stranger(network, '10.0.0.2');
    liar.onQuery = (view) =>
      liar.writer.reply({ nodes: new Uint8Array(26) }, view.bytes, view.transactionAt, view.transactionLength).slice();
    node.ask({ ...liar.endpoint, id: randomId(random) }, { method: 'find_node', target: node.id }, network.now, out);
    network.run(200);
    expect(facts.filter((fact) => fact.type === 'answered')).toMatchObject([{ mismatch: true }]);
    expect(node.table.size).toBe(0);
    liar.say(liar.writer.reply({}, Uint8Array.of(1, 2, 3, 4), 0, 4), endpoint);
    network.run(200);
    expect(node.counters.unasked).toBe(1);
    const silent = new Stranger(network, '10.0.0.3');
    node.ask(silent.endpoint, { method: 'ping' }, network.now, out);
    network.run(50);
    const query = silent.last(silent.asked);
    const forged = new Stranger(network, '10.0.0.4');
    forged.say(forged.writer.reply({}, query.bytes, query.transactionAt, 4), endpoint);
    network.run(200);
    expect(node.counters.unasked).toBe(2);
    expect(node.table.size).toBe(0);
    network.run(5_000);
    expect(facts.at(-1)).toMatchObject({ type: 'unanswered', to: silent.endpoint });
    // Its answer comes after all: late, but no answer to nothing.
    silent.say(silent.writer.reply({}, query.bytes, query.transactionAt, 4), endpoint);
    network.run(200);
    expect(node.counters.unasked).toBe(2);
    expect(facts.at(-1)).toMatchObject({ type: 'unanswered', to: silent.endpoint });
  });

  test('nothing goes to where the guard forbids it, whatever a reply names; named endpoints are exempt', () => {
    const network = new VirtualNetwork(4);
    const { node, out } = new VirtualNode(
      network,
      { address: '10.0.0.1', port: 1 },
      { admits: (endpoint) => endpoint.address.startsWith('10.0.') },
    );
    const lister = new Stranger(network, '192.168.1.1');
    const nodes = new Uint8Array(26 * 3);
    for (const [i, address] of [
      [127, 0, 0, 1],
      [192, 168, 0, 1],
      [10, 0, 0, 77],
    ].entries()) {
      nodes.set(randomId(random), i * 26);
      nodes.set([...address, 0x1a, 0xe1], i * 26 + 20);
    }
    lister.onQuery = (view) =>
      lister.writer.reply({ nodes, token: Uint8Array.of(1) }, view.bytes, view.transactionAt, view.transactionLength).slice();
    node.bootstrap([lister.endpoint], network.now, out);
    network.run(10_000);
    const targets = new Set(network.log.filter((sent) => sent.from.address === '10.0.0.1').map((sent) => sent.to.address));
    expect(targets).toEqual(new Set(['192.168.1.1', '10.0.0.77']));
    expect(node.ask({ address: '127.0.0.1', port: 5 }, { method: 'ping' }, network.now, out)).toBeUndefined();
  });

  test('who may not be sent to gets no answer, whatever he asks, and no error either', () => {
    const network = new VirtualNetwork(41);
    const admits = (endpoint: Endpoint) => !endpoint.address.startsWith('192.168.');
    const { node, endpoint, facts } = new VirtualNode(network, { address: '10.0.0.1', port: 1 }, { admits });
    const [banned, other] = [new Stranger(network, '192.168.0.2', 7000, false), new Stranger(network, '10.0.0.2')];
    for (const asker of [banned, other]) {
      asker.say(asker.writer.query({ method: 'ping' }, 1), endpoint);
      asker.say(asker.writer.query({ method: 'get_peers', target: node.id }, 2), endpoint);
      asker.say(
        Uint8Array.from('d1:ade1:q9:find_node1:t2:bb1:y1:qe', (character) => character.charCodeAt(0)),
        endpoint,
      );
    }
    network.run(2_000);
    expect([banned.got.length, banned.asked.length, other.got.length]).toEqual([0, 0, 3]);
    expect(facts.filter((fact) => fact.type === 'sighted')).toHaveLength(1);
  });

  test('it says who it is: our version in questions and answers, the same id to everybody, no ro while it answers', () => {
    const network = new VirtualNetwork(42);
    const { node, out, endpoint } = new VirtualNode(network, { address: '10.0.0.1', port: 1 });
    const others = ['10.0.0.2', '10.0.0.3'].map((address) => new Stranger(network, address));
    for (const other of others) {
      node.ask(other.endpoint, { method: 'ping' }, network.now, out);
      other.say(other.writer.query({ method: 'ping' }, 1), endpoint);
    }
    network.run(1_000);
    for (const said of others.flatMap((other) => [other.last(), other.last(other.asked)])) {
      expect(said.copy(said.versionAt, 2)).toEqual(Uint8Array.of(0x53, 0x57));
      expect(said.hasId(node.id)).toBe(true);
      expect(said.readOnly).toBe(false);
    }
  });

  test('a read-only node says so and answers nothing', () => {
    const network = new VirtualNetwork(5);
    const { node, out, endpoint } = new VirtualNode(network, { address: '10.0.0.1', port: 1 }, { readOnly: true });
    const other = new Stranger(network, '10.0.0.2');
    node.ask(other.endpoint, { method: 'ping' }, network.now, out);
    other.say(other.writer.query({ method: 'ping' }, 1), endpoint);
    network.run(1_000);
    expect(other.got).toHaveLength(0);
    expect(other.last(other.asked).readOnly).toBe(true);
  });

  test('our own address is what a majority of hosts says', () => {
    const network = new VirtualNetwork(6);
    const { node, out, facts } = new VirtualNode(network, { address: '10.0.0.1', port: 1 });
    for (let i = 0; i < 12; i++) {
      const voter = new Stranger(network, `10.0.1.${i}`);
      const ip = i % 4 === 0 ? Uint8Array.of(6, 6, 6, 6, 0, 1) : Uint8Array.of(9, 9, 9, 9, 0, 1);
      voter.onQuery = (view) => voter.writer.reply({}, view.bytes, view.transactionAt, view.transactionLength, ip).slice();
      node.ask(voter.endpoint, { method: 'ping' }, network.now, out);
      network.run(50);
    }
    expect(facts.filter((fact) => fact.type === 'external_address')).toMatchObject([
      { endpoint: { address: '9.9.9.9', port: 1 } },
    ]);
  });

  test('when nobody answers, the named endpoints are asked with growing patience, and a late one is still joined', () => {
    const network = new VirtualNetwork(7);
    const { node, out } = new VirtualNode(network, { address: '10.0.0.1', port: 1 });
    const late = { address: '10.0.0.2', port: 2 };
    node.bootstrap([late], network.now, out);
    network.run(300_000);
    expect(network.log.length).toBeGreaterThanOrEqual(5);
    expect(network.log.length).toBeLessThanOrEqual(9);
    const other = new DhtNode({ family: 4, id: randomId(random), random, admits: () => true });
    network.addMachine(other, late, () => undefined);
    network.run(130_000);
    expect(node.table.size).toBe(1);
    expect(other.table.size).toBe(1);
  });
});
