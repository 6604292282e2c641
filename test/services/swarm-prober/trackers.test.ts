// The tracker client against the lab's trackers and against bad ones, on loopback sockets; its memory by a clock that is moved by hand.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encode } from '@swarmscope/bittorrent/bencode.ts';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import type { AnnounceRequest } from '@swarmscope/bittorrent/tracker/answer.ts';
import { openHttpTracker, openUdpTracker, type TrackerFront } from '@swarmscope/lab/loopback/trackers.ts';
import { LabTracker } from '@swarmscope/lab/sim/tracker.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { ManualClock, systemClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import { TrackerClient } from '@swarmscope/swarm-prober/trackers.ts';
import { openUdpFront } from '@swarmscope/swarm-prober/trackers-udp.ts';
import { afterEach, describe, expect, test } from 'vitest';

const INFO_HASH = sha1(Uint8Array.of(1));
const SECRET = sha1(Uint8Array.of(2));
const REQUEST: AnnounceRequest = {
  infoHash: INFO_HASH,
  peerId: new TextEncoder().encode('-SW0100-abcdefghijkl'),
  port: 6881,
  uploadedBytes: 0,
  downloadedBytes: 0,
  leftBytes: 1,
  event: 'started',
  wanted: 50,
  key: 1,
};
const STOPPED = { ...REQUEST, event: 'stopped' } as const;
const SEEDER = { endpoint: { address: '127.0.0.2', port: 6881 }, isComplete: () => true };
const SIX = { endpoint: { address: '::1', port: 6882 }, isComplete: () => false };

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

function labTracker(): LabTracker {
  const tracker = new LabTracker();
  tracker.register(INFO_HASH, [SEEDER, SIX]);
  tracker.register(SECRET, [SEEDER], 'k1');
  return tracker;
}

async function httpTracker(tracker = labTracker()): Promise<TrackerFront> {
  const front = await openHttpTracker(tracker, '127.0.0.1', systemClock);
  opened.push(() => front.close());
  return front;
}

async function udpTracker(tracker = labTracker()): Promise<TrackerFront> {
  const front = await openUdpTracker(tracker, '127.0.0.1', 1, systemClock, raiseInvariant);
  opened.push(() => front.close());
  return front;
}

/** A server that answers as it likes, and what it was asked. */
async function server(answer: (path: string) => { status?: number; body?: Uint8Array; location?: string }) {
  const paths: string[] = [];
  const listener: RequestListener = (request, response) => {
    paths.push(request.url ?? '');
    const { status = 200, body = new Uint8Array(0), location } = answer(request.url ?? '');
    response.writeHead(status, location === undefined ? {} : { location }).end(body);
  };
  const http = createServer(listener);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  opened.push(() => new Promise((resolve) => http.close(resolve)));
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, paths };
}

async function client(labNetworks = ['127.0.0.0/8'], firstTimeoutMs = 15_000) {
  const clock = new ManualClock();
  const udp = await openUdpFront({
    addresses: ['127.0.0.1'],
    clock: systemClock,
    random: seededRandom(1),
    onInvariant: raiseInvariant,
    firstTimeoutMs,
  });
  const policy = new AddressPolicy({ labNetworks, optOut: [] });
  const trackers = new TrackerClient({ clock, udp, policy, httpTimeoutMs: 2_000 });
  opened.push(() => trackers.stop());
  return { trackers, clock };
}

describe('good trackers', () => {
  test('over HTTP: announce, scrape, and off the list at the end', async () => {
    const lab = labTracker();
    const url = `${(await httpTracker(lab)).url}/announce`;
    const { trackers } = await client();
    const announced = await trackers.announce(url, REQUEST);
    expect(announced).toMatchObject({ outcome: 'ok', asked: true, answer: { seeders: 1, leechers: 2, intervalS: 60 } });
    expect(announced.answer?.peers).toEqual([SEEDER.endpoint, SIX.endpoint]);
    expect(trackers.ownAnnounces(INFO_HASH)).toBe(1);
    expect(await trackers.scrape(url, INFO_HASH)).toMatchObject({ outcome: 'ok', answer: { seeders: 1, leechers: 2 } });
    await trackers.stop();
    expect(lab.scrape(Buffer.from(INFO_HASH).toString('hex'), systemClock.now())).toMatchObject({ incomplete: 1 });
    expect(trackers.ownAnnounces(INFO_HASH)).toBe(0);
  });

  test('over UDP: the same', async () => {
    const lab = labTracker();
    const url = `${(await udpTracker(lab)).url}/announce`;
    const { trackers } = await client();
    expect(await trackers.announce(url, REQUEST)).toMatchObject({
      outcome: 'ok',
      answer: { seeders: 1, peers: [SEEDER.endpoint] },
    });
    expect(await trackers.scrape(url, INFO_HASH)).toMatchObject({ outcome: 'ok', answer: { seeders: 1, leechers: 2 } });
    await trackers.stop();
    expect(lab.scrape(Buffer.from(INFO_HASH).toString('hex'), systemClock.now())).toMatchObject({ incomplete: 1 });
  });

  test('a passkey in the path is used for announce and scrape', async () => {
    const { url } = await httpTracker();
    const { trackers } = await client();
    const request = { ...REQUEST, infoHash: SECRET };
    expect(await trackers.announce(`${url}/k1/announce`, request)).toMatchObject({ outcome: 'ok' });
    expect(await trackers.scrape(`${url}/k1/announce`, SECRET)).toMatchObject({ outcome: 'ok', answer: { seeders: 1 } });
    expect(await trackers.announce(`${url}/k2/announce`, request)).toMatchObject({ outcome: 'failure', answer: undefined });
    expect(await trackers.scrape(`${url}/k2/announce`, SECRET)).toMatchObject({ outcome: 'failure', asked: true });
  });
});

describe('intervals', () => {
  test('too early, the remembered answer is given and nothing is sent; later a plain announce follows the started one', async () => {
    const body = encode({
      interval: 1_800,
      'min interval': 600,
      complete: 3,
      peers: Uint8Array.of(1, 2, 3, 4, 0, 80),
      'tracker id': 'x y',
    });
    const { url, paths } = await server(() => ({ body }));
    const { trackers, clock } = await client();
    const first = await trackers.announce(`${url}/a`, REQUEST);
    clock.advance(500_000);
    const early = await trackers.announce(`${url}/a`, REQUEST);
    expect(early).toEqual({ ...first, latencyMs: 0, asked: false });
    expect(paths).toHaveLength(1);
    clock.advance(100_000);
    expect(await trackers.announce(`${url}/a`, REQUEST)).toMatchObject({ asked: true });
    expect(paths[0]).toMatch(/event=started/);
    expect(paths[1]).not.toMatch(/event=/);
    expect(paths[1]).toMatch(/trackerid=x%20y$/);
  });

  test('a tracker that says no is asked again when it says', async () => {
    const { url, paths } = await server(() => ({ body: encode({ 'failure reason': 'full', 'retry in': 10 }) }));
    const { trackers, clock } = await client();
    expect(await trackers.announce(`${url}/a`, REQUEST)).toMatchObject({ outcome: 'failure', asked: true });
    clock.advance(500_000);
    expect(await trackers.announce(`${url}/a`, REQUEST)).toMatchObject({ outcome: 'failure', asked: false });
    clock.advance(100_000);
    expect(await trackers.announce(`${url}/a`, REQUEST)).toMatchObject({ asked: true });
    expect(paths).toHaveLength(2);
  });

  test('stopped goes out at once, and only where we are counted', async () => {
    const { url, paths } = await server(() => ({ body: encode({ interval: 60, peers: '' }) }));
    const { trackers } = await client();
    expect(await trackers.announce(`${url}/a`, STOPPED)).toMatchObject({ asked: false });
    await trackers.announce(`${url}/a`, REQUEST);
    expect(await trackers.announce(`${url}/a`, STOPPED)).toMatchObject({ asked: true });
    await trackers.announce(`${url}/a`, STOPPED);
    expect(paths.map((path) => /event=(\w+)/.exec(path)?.[1])).toEqual(['started', 'stopped']);
  });
});

describe('bad trackers', () => {
  test('each in its way', async () => {
    const { url } = await server((path) => {
      if (path.startsWith('/404')) return { status: 404, body: Buffer.from('nothing here') };
      if (path.startsWith('/400')) return { status: 400, body: encode({ 'failure reason': 'no' }) };
      if (path.startsWith('/junk')) return { body: Buffer.from('d-3:e') };
      if (path.startsWith('/long')) return { body: new Uint8Array(2 * 1024 * 1024) };
      return { body: encode({ files: {} }) };
    });
    const { trackers } = await client();
    const outcome = async (path: string) => (await trackers.announce(`${url}/${path}`, REQUEST)).outcome;
    expect(await outcome('404')).toBe('http_status');
    expect(await outcome('400')).toBe('failure');
    expect(await outcome('junk')).toBe('malformed');
    expect(await outcome('long')).toBe('malformed');
    expect(await trackers.scrape(`${url}/announce`, INFO_HASH)).toMatchObject({ outcome: 'failure', asked: true });
    expect(await trackers.scrape(`${url}/other`, INFO_HASH)).toMatchObject({ outcome: 'failure', asked: false });
    expect(await trackers.announce('wss://127.0.0.1/', REQUEST)).toMatchObject({ outcome: 'malformed' });
    expect(await trackers.announce('udp://127.0.0.1/', REQUEST)).toMatchObject({ outcome: 'malformed' });
  });

  test('one that refuses is left alone for a minute, then for two', async () => {
    const { url } = await httpTracker();
    await opened.pop()!();
    const { trackers, clock } = await client();
    expect(await trackers.announce(`${url}/announce`, REQUEST)).toMatchObject({ outcome: 'refused', asked: true });
    clock.advance(59_000);
    expect(await trackers.scrape(`${url}/announce`, INFO_HASH)).toMatchObject({ outcome: 'refused', asked: false });
    clock.advance(1_000);
    expect(await trackers.scrape(`${url}/announce`, INFO_HASH)).toMatchObject({ outcome: 'refused', asked: true });
    clock.advance(119_000);
    expect(await trackers.scrape(`${url}/announce`, INFO_HASH)).toMatchObject({ asked: false });
  });

  test('a silent UDP tracker times out', async () => {
    const silent = await openUdp({ address: '127.0.0.1', port: 0 });
    opened.push(() => silent.close());
    const { trackers } = await client(['127.0.0.0/8'], 20);
    const url = `udp://127.0.0.1:${silent.local.port}/announce`;
    expect(await trackers.announce(url, REQUEST)).toMatchObject({ outcome: 'timeout', asked: true });
    expect(silent.counters.datagramsIn).toBe(2);
  });

  test('addresses of nobody are never contacted, unless the operator named the tracker', async () => {
    const { url, paths } = await server(() => ({ body: encode({ interval: 60, peers: '' }) }));
    const udp = await udpTracker();
    const { trackers, clock } = await client([]);
    expect(await trackers.announce(`${url}/a`, REQUEST)).toMatchObject({ outcome: 'unreachable_net' });
    expect(await trackers.announce(`${udp.url}/announce`, REQUEST)).toMatchObject({ outcome: 'unreachable_net' });
    expect(paths).toEqual([]);
    clock.advance(86_400_000);
    trackers.name(`${url}/a`);
    trackers.name(udp.url);
    expect(await trackers.announce(`${url}/a`, REQUEST)).toMatchObject({ outcome: 'ok' });
    expect(await trackers.announce(`${udp.url}/announce`, REQUEST)).toMatchObject({ outcome: 'ok' });
  });

  test('a redirect from a named tracker to an address of nobody is not followed', async () => {
    const inner = await server(() => ({ body: encode({ interval: 60, peers: '' }) }));
    const { url } = await server(() => ({ status: 302, location: inner.url.replace('127.0.0.1', '127.0.0.2') }));
    const { trackers } = await client([]);
    trackers.name(url);
    expect(await trackers.announce(`${url}/a`, REQUEST)).toMatchObject({ outcome: 'unreachable_net' });
    expect(inner.paths).toEqual([]);
  });
});

test('where one address cannot be had, none is kept', async () => {
  const shared = { clock: systemClock, random: seededRandom(2), onInvariant: raiseInvariant };
  await expect(openUdpFront({ ...shared, addresses: ['127.0.0.1', '192.0.2.1'] })).rejects.toMatchObject({
    code: 'EADDRNOTAVAIL',
  });
});

test('at most four requests to one tracker at the same time', async () => {
  let open = 0;
  let most = 0;
  const http = createServer((_, response) => {
    most = Math.max(most, ++open);
    setImmediate(() => {
      open--;
      response.end(encode({ interval: 60, peers: '' }));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  opened.push(() => new Promise((resolve) => http.close(resolve)));
  const { trackers } = await client();
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/a`;
  const hashes = Array.from({ length: 30 }, (_, i) => sha1(Uint8Array.of(i, 9)));
  const results = await Promise.all(hashes.map((infoHash) => trackers.announce(url, { ...REQUEST, infoHash })));
  expect(results.every((result) => result.outcome === 'ok')).toBe(true);
  expect(most).toBeLessThanOrEqual(4);
});
