// Web seeds on loopback: whole ones, wrong ones, and those that speak HTTP badly; every outcome that is stored.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import { makeEvent, parseEvent, Rejection } from '@swarmscope/events/event.ts';
import { Content, type ContentPlan } from '@swarmscope/lab/sim/content.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { PieceCache } from '@swarmscope/swarm-prober/piece-cache.ts';
import { ProbedSwarm, SwarmView } from '@swarmscope/swarm-prober/swarm.ts';
import { auditWebSeed, fileUrl, webSeedColumns } from '@swarmscope/swarm-prober/webseeds.ts';
import { WebSeedSource } from '@swarmscope/swarm-prober/webseeds-source.ts';
import { afterEach, describe, expect, test } from 'vitest';

const PLAN: ContentPlan = {
  name: 'some files',
  seed: 5,
  pieceBytes: 16_384,
  files: [
    { path: 'a b/long.bin', bytes: 70_000 },
    { path: 'short', bytes: 300 },
  ],
};
const SINGLE: ContentPlan = { name: 'one.bin', seed: 6, pieceBytes: 16_384, files: [{ path: 'one.bin', bytes: 40_000 }] };

function torrent(plan: ContentPlan) {
  const content = new Content(plan);
  const metainfo = parseTorrent(content.torrentFile);
  if (metainfo instanceof Malformed) throw new Error(metainfo.reason);
  const { info } = metainfo;
  const base = info.files.length === 1 ? '' : `/${plan.name}`;
  const files = new Map(
    info.files
      .filter((file) => !file.padding)
      .map((file) => [`${base}/${file.path.join('/')}`, content.range(file.offset, file.bytes)]),
  );
  return { layout: new TorrentLayout(info, metainfo.layers), info, files };
}

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

interface Behaviour {
  readonly status?: number;
  readonly ranges?: boolean;
  readonly silent?: boolean;
}

/** Serves files with ranges, or otherwise, and counts bytes of payload. */
async function serve(files: ReadonlyMap<string, Uint8Array>, { status, ranges = true, silent = false }: Behaviour = {}) {
  const seen = { bytes: 0, requests: 0 };
  const server = createServer((request, response) => {
    seen.requests++;
    if (silent) return;
    const file = files.get(decodeURIComponent(request.url!));
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (status !== undefined || !file || !match) return void response.writeHead(status ?? 404).end();
    const [first, last] = [Number(match[1]), Math.min(Number(match[2]), file.length - 1)];
    if (!ranges) return void response.writeHead(200).end(file);
    if (first >= file.length) return void response.writeHead(416).end();
    seen.bytes += last + 1 - first;
    response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${file.length}` }).end(file.subarray(first, last + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const options = (more: { pieces?: number; maxBytes?: number; labNetworks?: string[]; timeoutMs?: number } = {}) => ({
  policy: new AddressPolicy({ labNetworks: more.labNetworks ?? ['127.0.0.0/8'], optOut: [] }),
  random: seededRandom(1),
  pieces: more.pieces ?? 50,
  maxBytes: more.maxBytes ?? 1_000_000,
  timeoutMs: more.timeoutMs ?? 5_000,
});

describe('an honest web seed passes', () => {
  test.each(['v1', 'hybrid', 'v2'] as const)('%s, several files', async (version) => {
    const { layout, info, files } = torrent({ ...PLAN, version });
    const { url, seen } = await serve(files);
    const result = await auditWebSeed(`${url}/`, layout, options());
    expect(result).toEqual({ outcome: 'ok', checked: info.pieces, passed: info.pieces, latencyMs: expect.any(Number) });
    expect(seen.bytes).toBe(info.sizeBytes); // padding was not asked for
  });

  test('one file, by its own URL or by that of its folder', async () => {
    const { layout, files } = torrent(SINGLE);
    const { url } = await serve(files);
    expect(await auditWebSeed(`${url}/one.bin`, layout, options())).toMatchObject({ outcome: 'ok', checked: 3 });
    expect(await auditWebSeed(`${url}/`, layout, options())).toMatchObject({ outcome: 'ok', checked: 3 });
  });

  test('no more pieces and bytes than the budget', async () => {
    const { layout, files } = torrent(SINGLE);
    const { url, seen } = await serve(files);
    expect(await auditWebSeed(`${url}/`, layout, options({ pieces: 1 }))).toMatchObject({ checked: 1 });
    expect(await auditWebSeed(`${url}/`, layout, options({ maxBytes: 20_000 }))).toMatchObject({ checked: 1 });
    expect(seen.requests).toBe(2);
    expect(await auditWebSeed(`${url}/`, layout, options({ maxBytes: 5_000 }))).toBeUndefined();
    expect(seen.requests).toBe(2);
  });

  test('a file that is one part may come whole', async () => {
    const plan = { ...SINGLE, files: [{ path: 'one.bin', bytes: 1_000 }] };
    const { layout, files } = torrent(plan);
    const { url } = await serve(files, { ranges: false });
    expect(await auditWebSeed(`${url}/`, layout, options())).toMatchObject({ outcome: 'ok' });
  });
});

describe('others are found', () => {
  const { layout, info, files } = torrent(SINGLE);
  const outcomeOf = async (serving: Awaited<ReturnType<typeof serve>>, more = options()) =>
    (await auditWebSeed(`${serving.url}/`, layout, more))?.outcome;
  const changed = (edit: (bytes: Uint8Array) => Uint8Array) =>
    new Map([...files].map(([path, bytes]) => [path, edit(bytes.slice())]));

  test('one changed byte', async () => {
    const corrupt = changed((bytes) => bytes.with(20_000, bytes[20_000]! ^ 1));
    expect(await auditWebSeed(`${(await serve(corrupt)).url}/`, layout, options())).toMatchObject({ outcome: 'corrupt' });
  });

  test('another length', async () => {
    expect(await outcomeOf(await serve(changed((bytes) => bytes.subarray(0, 39_000))))).toBe('wrong_size');
    expect(await outcomeOf(await serve(changed((bytes) => Buffer.concat([bytes, bytes]))))).toBe('wrong_size');
    expect(await outcomeOf(await serve(changed(() => new Uint8Array(0))))).toBe('wrong_size');
  });

  test('no ranges', async () => {
    expect(await outcomeOf(await serve(files, { ranges: false }))).toBe('no_ranges');
  });

  test('no such file, no answer, nobody there', async () => {
    expect(await outcomeOf(await serve(new Map()))).toBe('http_status');
    expect(await outcomeOf(await serve(files, { status: 500 }))).toBe('http_status');
    expect(await outcomeOf(await serve(files, { silent: true }), options({ timeoutMs: 50 }))).toBe('timeout');
    const gone = await serve(files);
    await opened.pop()!();
    expect(await outcomeOf(gone)).toBe('refused');
  });

  test('an address of nobody is not contacted', async () => {
    const serving = await serve(files);
    expect(await outcomeOf(serving, options({ labNetworks: [] }))).toBe('unreachable_net');
    expect(serving.seen.requests).toBe(0);
  });

  test('pieces whose hash is not known are no audit', async () => {
    const v2 = torrent({ ...SINGLE, version: 'v2' });
    const { url, seen } = await serve(v2.files);
    expect(await auditWebSeed(`${url}/`, new TorrentLayout(v2.info), options())).toBeUndefined();
    expect(seen.requests).toBe(0);
  });

  test('the event tells the host and a hash of the URL, not the URL', async () => {
    const result = { outcome: 'ok', checked: 2, passed: 2, latencyMs: 5 } as const;
    const columns = webSeedColumns(
      Buffer.from(info.swarmId).toString('hex'),
      'https://w.example:444/SECRET/x?key=SECRET',
      result,
    );
    expect(columns).toMatchObject({ host: 'https://w.example:444', pieces_checked: 2 });
    expect(JSON.stringify(columns)).not.toMatch(/SECRET/);
    const event = makeEvent('webseed_audited', columns, { ts: 1, instance_id: 'x', network: 'lab' });
    expect(parseEvent('webseed_audited', event)).not.toBeInstanceOf(Rejection);
  });
});

describe('audits come with a census', () => {
  function bench(seeds: readonly string[], layout: TorrentLayout | undefined, budget = 1_000_000) {
    const swarm = new ProbedSwarm('ab'.repeat(20));
    swarm.layout = layout;
    swarm.webSeeds = seeds;
    swarm.verify = true;
    const names = [new Uint8Array(20), new Uint8Array(20).fill(1)];
    swarm.views.push(...names.map((name) => new SwarmView(swarm, name, new PieceCache(0), { take: () => false })));
    const [clock, published] = [new ManualClock(), [] as unknown[]];
    let told = () => {};
    const source = new WebSeedSource({
      ...options(),
      clock,
      publisher: {
        publish: (_topic, columns) => {
          published.push(columns);
          told();
        },
      },
      spend: (_view, bytes) => bytes <= budget,
      onInvariant: raiseInvariant,
    });
    const next = () => new Promise<void>((resolve) => (told = resolve));
    return { swarm, clock, published, source, next };
  }

  test('each seed, for the first name of the torrent, and again after six hours', async () => {
    const { layout, files } = torrent(SINGLE);
    const { url, seen } = await serve(files);
    const { swarm, clock, published, source, next } = bench([`${url}/`], layout);
    source.ask(swarm.views[1]!);
    const first = next();
    source.ask(swarm.views[0]!);
    source.ask(swarm.views[0]!);
    await first;
    expect(published).toEqual([expect.objectContaining({ swarm_id: 'ab'.repeat(20), outcome: 'ok', pieces_checked: 3 })]);
    clock.advance(6 * 3_600_000);
    const second = next();
    source.ask(swarm.views[0]!);
    await second;
    expect(seen.requests).toBe(6);
  });

  test('not where pieces may not be asked for, are not known, or the budget is spent', async () => {
    const { layout, files } = torrent(SINGLE);
    const { url, seen } = await serve(files);
    const forbidden = bench([`${url}/`], layout);
    forbidden.swarm.verify = false;
    forbidden.source.ask(forbidden.swarm.views[0]!);
    const unknown = bench([`${url}/`], undefined);
    unknown.source.ask(unknown.swarm.views[0]!);
    const spent = bench([`${url}/`], layout, 0);
    spent.source.ask(spent.swarm.views[0]!);
    expect(seen.requests).toBe(0);
  });
});

test('URLs of files are percent-encoded name by name', () => {
  const { info } = torrent(PLAN);
  expect(fileUrl('http://w/x', info, 0)).toBe('http://w/x/some%20files/a%20b/long.bin');
  expect(fileUrl('http://w/x/', info, 1)).toBe('http://w/x/some%20files/short');
});
