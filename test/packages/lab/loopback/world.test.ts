// The loopback world on real sockets: it starts, is found by raw queries, speaks to peers and trackers, keeps its truth, and stops.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket as Line } from 'node:net';
import { decode, type Encodable, encode, type Value } from '@swarmscope/bittorrent/bencode.ts';
import { decodeCompactList, endpointKey, parseEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { encodeFeatures, encodeHandshake } from '@swarmscope/bittorrent/peer/handshake.ts';
import type { CastTorrent } from '@swarmscope/lab/loopback/cast.ts';
import { startWorld, type World } from '@swarmscope/lab/loopback/world.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let world: World;
let socket: Socket;

beforeAll(async () => {
  world = await startWorld({ seed: 42, nodes: 200, strays: 300 });
  socket = createSocket('udp4');
  socket.bind(0, world.visitorAddress());
  await once(socket, 'listening');
  socket.on('message', hear);
});

afterAll(async () => {
  socket.close();
  await world.stop();
});

const id = new Uint8Array(20).fill(0x33);
const random = seededRandom(9);
let transaction = 0;

const waiting = new Map<string, (answer: Map<string, Value> | undefined) => void>();

function hear(bytes: Uint8Array): void {
  const message = decode(bytes) as Map<string, Value>;
  waiting.get(toHex(message.get('t') as Uint8Array))?.(message.get('r') as Map<string, Value> | undefined);
}

/** One query; undefined when nothing, or an error, came in time. */
function ask(to: Endpoint, q: string, a: Record<string, Encodable>): Promise<Map<string, Value> | undefined> {
  const t = encode(transaction++);
  const key = toHex(t);
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(undefined), 1_000);
    const end = (answer: Map<string, Value> | undefined) => {
      clearTimeout(timer);
      waiting.delete(key);
      resolve(answer);
    };
    waiting.set(key, end);
    socket.send(encode({ t, y: 'q', q, a: { id, ...a } }), to.port, to.address);
  });
}

/** Everybody that find_node leads to, asked for eight random targets each, and every infohash that sample_infohashes gives. */
async function crawl(): Promise<{ answering: Set<string>; infohashes: Set<string> }> {
  const answering = new Set<string>();
  const infohashes = new Set<string>();
  const met = new Map<string, Endpoint>([[endpointKey(world.bootstrap), world.bootstrap]]);
  const visit = async (node: Endpoint) => {
    for (let i = 0; i < 8; i++) {
      const target = randomBytes(random, 20);
      const found = await ask(node, i % 2 === 0 ? 'sample_infohashes' : 'find_node', { target });
      if (found) answering.add(endpointKey(node));
      const samples = (found?.get('samples') as Uint8Array | undefined) ?? new Uint8Array(0);
      for (let at = 0; at < samples.length; at += 20) infohashes.add(toHex(samples.subarray(at, at + 20)));
      const nodes = (found?.get('nodes') as Uint8Array | undefined) ?? new Uint8Array(0);
      for (let at = 0; at < nodes.length; at += 26) {
        const [endpoint] = decodeCompactList(nodes.subarray(at + 20, at + 26), 4);
        met.set(endpointKey(endpoint!), endpoint!);
      }
      if (i === 1 && !found) return;
    }
  };
  // Twenty at a time: what answers at once must fit the socket's buffer.
  const underway = new Map<string, Promise<void>>();
  const visited = new Set<string>();
  for (;;) {
    const next = [...met].filter(([key]) => !visited.has(key)).slice(0, 20 - underway.size);
    for (const [key, node] of next) {
      visited.add(key);
      underway.set(
        key,
        visit(node).finally(() => underway.delete(key)),
      );
    }
    if (underway.size === 0) return { answering, infohashes };
    await Promise.race(underway.values());
  }
}

describe('the DHT', () => {
  test('is found whole from its bootstrap node, and all its infohashes', async () => {
    const truth = world.dhtTruth();
    expect([truth.nodes, truth.silent, truth.infohashes]).toEqual([190, 10, 310]);
    const found = await crawl();
    expect([...found.answering].sort()).toEqual(truth.nodeEndpoints.map(endpointKey).sort());
    expect([...found.infohashes].sort()).toEqual(truth.infoHashes);
  });

  test('never names the private torrent, and counts who asks for it', async () => {
    const secret = world.torrents.find((torrent) => torrent.private)!;
    expect(world.dhtTruth().infoHashes).not.toContain(secret.infoHash);
    expect(world.privateLeaks()).toBe(0);
    await ask(world.bootstrap, 'get_peers', { info_hash: fromHex(secret.infoHash)! });
    expect(world.privateLeaks()).toBe(1);
  });
});

/** Dials a peer from the visitor's address; what it said within a moment, or how it ended. */
async function greet(endpoint: string, infoHash: string): Promise<Uint8Array | string> {
  const { address, port } = parseEndpoint(endpoint)!;
  const line = connect({ host: address, port, localAddress: world.visitorAddress(1) });
  const handshake = { reserved: encodeFeatures({ extended: true, fast: true }), infoHash: fromHex(infoHash)!, peerId: id };
  line.on('connect', () => line.write(encodeHandshake(handshake)));
  try {
    const [bytes] = await Promise.race([once(line, 'data'), once(line, 'close').then(() => ['closed'])]);
    return bytes as Uint8Array | string;
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    line.destroy();
  }
}

describe('the swarms', () => {
  test('are ten, with more than sixty peers of every kind that the demonstration needs', () => {
    const peers = world.torrents.flatMap((torrent) => [...world.truth(torrent.infoHash, 0, 1).peers]);
    expect([world.torrents.length, peers.length]).toEqual([10, 66]);
    const kinds = new Set(peers.map((peer) => peer.kind));
    for (const kind of [
      'seeder',
      'leecher',
      'progressing',
      'partial_seed',
      'super_seeder',
      'liar_rejects',
      'choker',
      'dead',
    ] as const) {
      expect(kinds).toContain(kind);
    }
    expect(new Set(peers.map((peer) => peer.endpoint.split(':')[0])).size).toBe(66);
    expect(world.torrents.filter((torrent) => torrent.infoHashV2)).toHaveLength(1);
  });

  test('have the truth that their parts were written for', () => {
    const truth = (name: string) =>
      world.truth(world.torrents.find((torrent) => torrent.name === name)!.infoHash, Date.now(), Date.now());
    expect([truth('Seven Maps').completable, truth('Seven Maps').complete.most]).toEqual([[true], 0]);
    expect([truth('Lost Reel').completable, truth('Lost Reel').copiesMin.most]).toEqual([[false], 0]);
    expect([truth('Mirage').completable, truth('Mirage').claiming.most]).toEqual([[false], 1]);
    expect(truth('Harbour Lights').least.proved).toBe(3);
    const hybrid = world.torrents.find((torrent) => torrent.infoHashV2)!;
    expect(world.truth(hybrid.infoHashV2!.slice(0, 40), 0, 1).peers).toEqual(world.truth(hybrid.infoHash, 0, 1).peers);
    expect(() => world.truth('00', 0, 1)).toThrow('no torrent of this world');
  });

  test('answer on real TCP sockets, each after its kind', async () => {
    const expected = { seeder: 19, tarpit: undefined, encrypted_only: 'closed', dead: 'ECONNREFUSED' } as const;
    for (const torrent of world.torrents.slice(6, 8)) {
      for (const peer of world.truth(torrent.infoHash, 0, 1).peers) {
        const wanted = expected[peer.kind as keyof typeof expected];
        if (wanted === undefined) continue;
        const said = await greet(peer.endpoint, torrent.infoHash);
        expect([peer.kind, typeof said === 'string' ? said : said[0]]).toEqual([peer.kind, wanted]);
        if (peer.kind === 'seeder') expect(world.peerLog(torrent.infoHash, peer.endpoint)?.conversations).toBe(1);
      }
    }
  });
});

describe('the trackers', () => {
  test('HTTP gives the private torrent to who has the passkey', async () => {
    const { infoHash, trackers } = world.torrents.find((torrent) => torrent.private)!;
    const hash = infoHash.replace(/../g, (pair) => `%${pair}`);
    const get = async (url: string) => {
      const response = await fetch(`${url}?info_hash=${hash}&port=6881&left=1`);
      return decode(new Uint8Array(await response.arrayBuffer())) as Map<string, Value>;
    };
    const answer = await get(trackers[0]!);
    const peers = decodeCompactList(answer.get('peers') as Uint8Array, 4).map(endpointKey);
    expect(peers).toEqual(world.truth(infoHash, 0, 1).peers.map((peer) => peer.endpoint));
    expect((await get(trackers[0]!.replace(/\/[0-9a-f]{8}\//, '/'))).has('failure reason')).toBe(true);
  });

  test('UDP answers a connect', async () => {
    const url = new URL(world.torrents.flatMap((torrent) => torrent.trackers).find((tracker) => tracker.startsWith('udp:'))!);
    const one = createSocket('udp4');
    one.bind(0, world.visitorAddress());
    const hello = Uint8Array.of(0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 9, 9, 9, 9);
    one.send(hello, Number(url.port), url.hostname);
    const [answer] = (await once(one, 'message')) as [Uint8Array];
    one.close();
    expect([...answer.subarray(0, 8)]).toEqual([0, 0, 0, 0, 9, 9, 9, 9]);
  });
});

test('a world on one address alone: the same seed, the same torrents', async () => {
  const small = await startWorld({ seed: 42, addresses: 'one', nodes: 20, strays: 5 });
  try {
    expect([small.network, small.addresses, small.bootstrap.address]).toEqual(['127.0.0.1/32', 'one', '127.0.0.1']);
    const peers = small.torrents.flatMap((torrent) => [...small.truth(torrent.infoHash, 0, 1).peers]);
    expect(new Set(peers.map((peer) => peer.endpoint)).size).toBe(66);
    expect(small.torrents.map((torrent) => torrent.infoHash)).toEqual(world.torrents.map((torrent) => torrent.infoHash));
  } finally {
    await small.stop();
  }
});

test('a peer behind a NAT dials who announces', async () => {
  const cast: CastTorrent = {
    name: 'Behind the Wall',
    files: [{ path: 'wall.bin', bytes: 50_000 }],
    pieceBytes: 16_384,
    places: ['http'],
    watched: 'no',
    peers: [{ kind: 'seeder', nat: true }],
  };
  const small = await startWorld({ seed: 5, nodes: 20, strays: 0, cast: [cast], callEveryMs: 20 });
  const server = createServer().listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { infoHash, trackers } = small.torrents[0]!;
    const [peer] = small.truth(infoHash, 0, 1).peers;
    expect([peer!.nat, peer!.verdicts]).toEqual([true, ['proved', 'unreachable']]);
    expect(await greet(peer!.endpoint, infoHash)).toBe('ECONNREFUSED');
    const { port } = server.address() as AddressInfo;
    await fetch(`${trackers[0]}?info_hash=${infoHash.replace(/../g, (pair) => `%${pair}`)}&port=${port}&left=1`);
    const [line] = (await once(server, 'connection')) as [Line];
    const [bytes] = (await once(line, 'data')) as [Uint8Array];
    expect(toHex(bytes.subarray(28, 48))).toBe(infoHash);
    expect(line.remoteAddress).toBe(peer!.endpoint.split(':')[0]);
    line.destroy();
  } finally {
    server.close();
    await small.stop();
  }
});
