// Metainfo and trackers against foreign software: torrents made by libtorrent piece by piece, announces and scrapes at opentracker.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';
import { parseInfo } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import type { AnnounceRequest } from '@swarmscope/bittorrent/tracker/answer.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { ManualClock, systemClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { systemRandom } from '@swarmscope/runtime/random.ts';
import { TrackerClient } from '@swarmscope/swarm-prober/trackers.ts';
import { openUdpFront } from '@swarmscope/swarm-prober/trackers-udp.ts';
import { afterAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { startOpentracker } from './support/clients.ts';
import { TorrentMaker } from './support/libtorrent.ts';
import { pickNetwork, until, Workbench } from './support/process.ts';

const TRACKERS = ['http://t.example:80/announce', 'udp://u.example:1/announce'];

describe.skipIf(missing('libtorrent').length > 0)('torrents made by libtorrent', () => {
  const bench = new Workbench('torrents');
  const maker = bench.keep(new TorrentMaker());
  afterAll(() => bench.close());

  const plans = (['v1', 'hybrid', 'v2'] as const).flatMap((kind) => [1, 5].map((files) => ({ kind, files })));
  test.each(plans)('$kind of $files files: names, places and every piece', async ({ kind, files }) => {
    const directory = join(bench.directory, `${kind}-${files}`);
    const sizes = { size_bytes: 700_005, piece_length: 32_768 };
    const made = await maker.make({
      directory,
      name: 'payload',
      seed: kind,
      kind,
      files,
      trackers: TRACKERS,
      private: files === 5,
      ...sizes,
    });
    const metainfo = parseTorrent(readFileSync(made.torrent));
    if (metainfo instanceof Malformed) throw new Error(metainfo.reason);
    const { info } = metainfo;
    expect(toHex(info.bytes)).toBe(made.info);
    expect(info.infoHashV1 ? toHex(info.infoHashV1) : null).toBe(made.info_hash_v1);
    expect(info.infoHashV2 ? toHex(info.infoHashV2) : null).toBe(made.info_hash_v2);
    expect([info.pieces, info.private]).toEqual([made.pieces, files === 5]);
    expect(metainfo.trackers).toEqual(TRACKERS.map((url) => [url]));
    expect(parseInfo(info.bytes)).toEqual(info);
    const payload = new Uint8Array(info.spanBytes);
    for (const file of info.files.filter((each) => !each.padding))
      payload.set(readFileSync(join(directory, ...(files === 1 ? [] : ['payload']), ...file.path)), file.offset);
    const layout = new TorrentLayout(info, metainfo.layers);
    const pieces = Array.from({ length: info.pieces }, (_, i) =>
      layout.verify(i, payload.subarray(i * info.pieceBytes, i * info.pieceBytes + layout.pieceBytes(i))),
    );
    expect(pieces.every((fits) => fits === true)).toBe(true);
  });
});

describe.skipIf(missing('opentracker').length > 0)('opentracker', () => {
  const bench = new Workbench('opentracker');
  afterAll(() => bench.close());

  test('counts us over HTTP and UDP, gives us to one another, and forgets us when we leave', async () => {
    const address = pickNetwork();
    const infoHash = sha1(Uint8Array.of(1));
    const { directory } = bench;
    const tracker = bench.keep(await startOpentracker({ directory, address: address(1), infoHashes: [toHex(infoHash)] }));
    const open = async (host: number) => {
      const addresses = [address(host)];
      const udp = await openUdpFront({ addresses, clock: systemClock, random: systemRandom(), onInvariant: raiseInvariant });
      return new TrackerClient({
        clock: new ManualClock(),
        udp,
        policy: new AddressPolicy({ labNetworks: ['127.0.0.0/8'], optOut: [] }),
      });
    };
    const [leecher, seeder] = [await open(2), await open(3)];
    const request: AnnounceRequest = {
      infoHash,
      peerId: new TextEncoder().encode('-SW0100-abcdefghijkl'),
      port: 7002,
      uploadedBytes: 0,
      downloadedBytes: 0,
      leftBytes: 1_000,
      event: 'started',
      wanted: 50,
      key: 1,
    };
    expect(await leecher.announce(tracker.udp, request)).toMatchObject({ outcome: 'ok', answer: { seeders: 0, leechers: 1 } });
    const second = await seeder.announce(tracker.udp, { ...request, port: 7003, leftBytes: 0, key: 2 });
    expect(second).toMatchObject({ outcome: 'ok', answer: { seeders: 1, leechers: 1 } });
    expect(second.answer?.peers).toContainEqual({ address: address(2), port: 7002 });
    for (const url of [tracker.http, tracker.udp])
      expect(await seeder.scrape(url, infoHash)).toMatchObject({ outcome: 'ok', answer: { seeders: 1, leechers: 1 } });
    const overHttp = await leecher.announce(tracker.http, request);
    expect(overHttp.answer?.peers).toContainEqual({ address: address(3), port: 7003 });
    const unknown = { ...request, infoHash: sha1(Uint8Array.of(2)) };
    expect(await leecher.announce(tracker.http, unknown)).toMatchObject({ outcome: 'failure' });
    await seeder.stop();
    await until(
      'the seeder is forgotten',
      async () => {
        const { answer } = await leecher.scrape(tracker.http, infoHash);
        return answer?.seeders === 0 || undefined;
      },
      5_000,
    );
    await leecher.stop();
  });
});
