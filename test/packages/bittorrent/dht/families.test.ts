// IPv6 (BEP 32): a mesh of its own, answers for both families, and nothing sent across them.
import { randomId } from '@swarmscope/bittorrent/dht/distance.ts';
import type { Want } from '@swarmscope/bittorrent/krpc/message.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import { KrpcWriter } from '@swarmscope/bittorrent/krpc/writer.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';
import { startMesh, VirtualNetwork, VirtualNode } from '../../../support/dht-network.ts';

const random = seededRandom(41);

test('a mesh of IPv6 nodes announces and finds', () => {
  const network = new VirtualNetwork(11);
  const nodes = Array.from(
    { length: 40 },
    (_, i) => new VirtualNode(network, { address: `2a00:${i.toString(16)}::1`, port: 6881 }),
  );
  for (const { node, out } of nodes.slice(1)) node.bootstrap([nodes[0]!.endpoint], network.now, out);
  network.run(60_000);
  const infoHash = randomId(random);
  const [announcer, asker] = [nodes[5]!, nodes[30]!];
  announcer.node.lookup(
    { target: infoHash, kind: 'get_peers', announce: { port: 77, seed: true, impliedPort: false } },
    network.now,
    announcer.out,
  );
  network.run(20_000);
  expect(announcer.factsOf('lookup_done').at(-1)!.announcedTo).toBe(8);
  asker.node.lookup({ target: infoHash, kind: 'get_peers' }, network.now, asker.out);
  network.run(20_000);
  expect(asker.factsOf('peers').flatMap((fact) => fact.endpoints)).toContainEqual({
    address: announcer.endpoint.address,
    port: 77,
  });
});

test('one host is a whole /64: it gets one burst, and one place in the table', () => {
  const network = new VirtualNetwork(12);
  const { node, out } = new VirtualNode(network, { address: '2a00:1::1', port: 1 });
  const asked = Array.from({ length: 10 }, (_, i) =>
    node.ask({ address: `2a00:2::${i + 1}`, port: 1 }, { method: 'ping' }, network.now, out),
  );
  expect(asked.filter((tag) => tag !== undefined)).toHaveLength(4);
  expect(node.ask({ address: '2a00:2:0:1::1', port: 1 }, { method: 'ping' }, network.now, out)).toBeDefined();
  node.table.verified(randomId(random), { address: '2a00:2::1', port: 1 }, 0);
  node.table.verified(randomId(random), { address: '2a00:2::2', port: 1 }, 0);
  expect(node.table.size).toBe(1);
});

test('an asker gets nodes of the families that he wants; his own family without a wish', () => {
  const network = new VirtualNetwork(13);
  const [four] = startMesh(network, 20);
  const six = new VirtualNode(network, { address: '2a00:1::1', port: 1 });
  for (let i = 2; i < 12; i++) six.node.table.verified(randomId(random), { address: `2a00:${i}::1`, port: 5 }, network.now);
  four!.node.joinFamily(six.node);
  six.node.joinFamily(four!.node);
  const view = new KrpcView();
  const ask = (want?: Want) => {
    const writer = new KrpcWriter({ id: randomId(random), version: new Uint8Array(0), readOnly: true });
    const query = writer.query({ method: 'find_node', target: randomId(random), ...(want ? { want } : {}) }, 1).slice();
    let answer = new Uint8Array(0);
    const out = {
      send(bytes: Uint8Array) {
        answer = bytes.slice();
      },
      emit: () => undefined,
    };
    four!.node.receive(query, { address: '10.7.0.1', port: 9 }, network.now, out);
    expect(view.parse(answer)).toBeUndefined();
    expect(answer.length).toBeLessThanOrEqual(5 * query.length);
    return [view.nodesCount, view.nodes6Count, view.nodesAt >= 0, view.nodes6At >= 0];
  };
  expect(ask()).toEqual([8, 0, true, false]);
  expect(ask('n4')).toEqual([8, 0, true, false]);
  expect(ask('n6').slice(2)).toEqual([false, true]);
  const both = ask('both');
  expect(both[0]).toBe(8);
  expect(both[1]).toBeGreaterThan(0);
});

test('a node asks nobody of the other family', () => {
  const network = new VirtualNetwork(14);
  const { node, out } = new VirtualNode(network, { address: '10.0.0.1', port: 1 });
  expect(node.ask({ address: '2a00::1', port: 1 }, { method: 'ping' }, network.now, out)).toBeUndefined();
  node.bootstrap([{ address: '2a00::1', port: 1 }], network.now, out);
  network.run(10_000);
  expect(network.log).toEqual([]);
});
