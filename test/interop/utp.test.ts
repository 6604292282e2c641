// uTP with libtorrent that has no TCP: dialled by us, then dialling us; the metadata and whole pieces come over.
import { join } from 'node:path';
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { DEFAULT_TIMES, type PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import type { UtpConnection } from '@swarmscope/bittorrent/utp/connection.ts';
import { UtpMachine } from '@swarmscope/bittorrent/utp/machine.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { Deadlines } from '@swarmscope/runtime/deadlines.ts';
import { drive } from '@swarmscope/runtime/drive.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { randomBytes, systemRandom } from '@swarmscope/runtime/random.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import { UtpTransport } from '@swarmscope/runtime/utp.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { LibtorrentPeers, type MadeTorrent, TorrentMaker } from './support/libtorrent.ts';
import { LoneSwarm } from './support/lone-swarm.ts';
import { pickNetwork, until, Workbench } from './support/process.ts';

const PIECE_BYTES = 262_144;

describe.skipIf(missing('libtorrent').length > 0)('a libtorrent peer without TCP', () => {
  const bench = new Workbench('utp');
  const address = pickNetwork();
  const random = systemRandom();
  const peers = bench.keep(new LibtorrentPeers());
  let utp: UtpTransport;
  let torrent: MadeTorrent;
  let seeder: Endpoint;
  afterAll(async () => {
    await utp?.close();
    await bench.close();
  });
  beforeAll(async () => {
    const socket = await openUdp({ address: address(2), port: 0 });
    utp = new UtpTransport((accept) => {
      const deadlines = new Deadlines<UtpConnection<unknown>>();
      const machine = new UtpMachine<unknown>({ random, deadlines, maxConnections: 20, connectTimeoutMs: 5_000, accept });
      return drive(machine, socket, systemClock, raiseInvariant);
    });
    const maker = bench.keep(new TorrentMaker());
    const directory = join(bench.directory, 'seeds');
    torrent = await maker.make({ directory, name: 'udp', seed: 'udp', size_bytes: 1 << 20, piece_length: PIECE_BYTES });
    const torrents = [{ torrent: torrent.torrent, save_path: directory, trackers: [] }];
    seeder = await peers.add({ name: 'utp', role: 'utp_only', address: address(1), port: 7_001, torrents });
    await until('the seeder has checked its payload', async () => (await peers.status())['utp']?.[0]?.seeding, 30_000);
  });

  function session(swarm: LoneSwarm): PeerSession {
    return new PeerSession({
      peerId: randomBytes(random, 20),
      swarm,
      remote: seeder,
      self: { client: 'Swarmscope test', listenPort: undefined },
      times: DEFAULT_TIMES,
    });
  }

  test('dialled by us: metadata, then a piece of 256 KiB, verified', async () => {
    const facts: PeerFact[] = [];
    const swarm = new LoneSwarm(fromHex(torrent.info_hash_v1!)!);
    const conversation = utp.dial<PeerFact, PeerSession>(seeder, session(swarm), (fact) => {
      facts.push(fact);
      if (fact.type === 'extended') conversation.act((peer, now, out) => peer.fetchMetadata(now, out));
      if (fact.type !== 'metadata') return;
      swarm.know(fact.info);
      conversation.act((peer, now, out) => {
        peer.learn(out);
        peer.challenge(2, now, out);
      });
    });
    const challenge = await until('the piece', () => facts.find((fact) => fact.type === 'challenge'), 30_000);
    expect(challenge).toMatchObject({ piece: 2, result: 'passed' });
    expect(challenge.data).toHaveLength(PIECE_BYTES);
    expect(facts.find((fact) => fact.type === 'handshaken')).toBeDefined();
    conversation.act((peer, _now, out) => peer.finish(out));
    const closed = await until('the end', () => facts.find((fact) => fact.type === 'closed'));
    expect(closed).toMatchObject({ outcome: 'handshaken', ending: 'finished', bytesDown: PIECE_BYTES });
  });

  test('dialling us: it shakes hands', async () => {
    const facts: PeerFact[] = [];
    const swarm = new LoneSwarm(fromHex(torrent.info_hash_v1!)!);
    utp.listen<PeerFact>(() => ({ session: session(swarm), onFact: (fact) => void facts.push(fact) }));
    await peers.connect('utp', utp.local.address, utp.local.port);
    const handshaken = await until('it shakes hands', () => facts.find((fact) => fact.type === 'handshaken'));
    expect(toHex(handshaken.infoHash)).toBe(torrent.info_hash_v1);
  });

  test('nobody there: timeout', async () => {
    const facts: PeerFact[] = [];
    const swarm = new LoneSwarm(fromHex(torrent.info_hash_v1!)!);
    utp.dial<PeerFact, PeerSession>({ address: address(9), port: 7_009 }, session(swarm), (fact) => void facts.push(fact));
    const closed = await until('it ends', () => facts.find((fact) => fact.type === 'closed'), 15_000);
    expect(closed.outcome).toBe('timeout');
  });
});
