// Holepunching with libtorrent: a seeder that nobody can dial is named by a libtorrent relay, which we ask to introduce us.
import { join } from 'node:path';
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { fromHex } from '@swarmscope/bittorrent/hex.ts';
import { LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { LibtorrentPeers, type MadeTorrent, TorrentMaker } from './support/libtorrent.ts';
import { LoneProber } from './support/prober.ts';
import { pickNetwork, until, Workbench } from './support/process.ts';

const ATTEMPTS = 6;

describe.skipIf(missing('libtorrent').length > 0)('holes to libtorrent', () => {
  const bench = new Workbench('holes');
  const address = pickNetwork();
  const peers = bench.keep(new LibtorrentPeers());
  const relay = { address: address(1), port: 7_001 };
  const hidden = { address: address(2), port: 7_001 };
  let torrent: MadeTorrent;

  afterAll(() => bench.close());
  beforeAll(async () => {
    const maker = bench.keep(new TorrentMaker());
    const directory = join(bench.directory, 'seeds');
    const plan = { directory, name: 'hole', seed: 'hole', size_bytes: 1 << 20, piece_length: 65_536 };
    torrent = await maker.make(plan);
    // Two seeds would not stay connected: the relay loads, and never ends. It has no TCP: only over uTP does it see the port where we can be dialled.
    const part = await maker.copy(plan, join(bench.directory, 'part'), [0, 1, 2, 3]);
    const at = (path: string) => [{ torrent: torrent.torrent, save_path: path, trackers: [] }];
    await peers.add({ name: 'relay', role: 'utp_only', ...relay, torrents: at(part), download_limit: 2_000 });
    await peers.add({ name: 'hidden', role: 'hidden', ...hidden, torrents: at(directory), upload_limit: 400_000 });
    const isReady = async () => {
      const status = await peers.status();
      return status['hidden']?.[0]?.seeding && status['relay']?.[0]?.pieces_have === 4;
    };
    await until('both have checked their payload', isReady, 30_000);
    await peers.connect('hidden', relay.address, relay.port);
    await until('the relay has it', async () => (await peers.status())['relay']?.[0]?.peers === 1, 30_000);
  });

  test('a seeder that takes no connections is reached through the relay that named it, and proved', async () => {
    const times = { ...LAB_TIMES, observeMs: 8_000, chokeMs: 20_000 };
    const infoHash = fromHex(torrent.info_hash_v1!)!;
    // The relay does not name its peers to everybody at once (three times in four it does): each attempt is a prober that it has not met.
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const lone = await LoneProber.start(bench, { address: address(50 + attempt), port: 0 }, { times });
      const { sampled, probed } = await lone.probe({ infoHash, peers: [relay] }, torrent.info_hash_v1!);
      expect(probed.get(formatEndpoint(relay))).toMatchObject({ verdict: 'leecher', holepunch: 0 });
      if (!probed.has(formatEndpoint(hidden)) && attempt < ATTEMPTS - 1) continue;
      expect(probed.get(formatEndpoint(hidden))).toMatchObject({ verdict: 'proved', transport: 'utp', holepunch: 1 });
      expect(sampled).toMatchObject({ proved: 1, completable: 1 });
      return;
    }
  });
});
