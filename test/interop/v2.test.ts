// BEP 52 with libtorrent: a v2-only and a hybrid torrent, metadata from the swarm without layers; layers and leaves are asked for, proved, and then pieces.
import { join } from 'node:path';
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { equalBytes, fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import { DEFAULT_TIMES, type PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { randomBytes, systemRandom } from '@swarmscope/runtime/random.ts';
import { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { LibtorrentPeers, type MadeTorrent, TorrentMaker } from './support/libtorrent.ts';
import { LoneSwarm } from './support/lone-swarm.ts';
import { LoneProber } from './support/prober.ts';
import { pickNetwork, until, Workbench } from './support/process.ts';

const LEAF = 16_384;
const PIECE_BYTES = 65_536;
const FILES = 3;
/** 600 pieces a file: its layer takes two questions. The last piece of each ends within a leaf. */
const FILE_BYTES = 600 * PIECE_BYTES - 20_000;

describe.skipIf(missing('libtorrent').length > 0)('libtorrent seeders of v2 torrents', () => {
  const bench = new Workbench('v2');
  const address = pickNetwork();
  const random = systemRandom();
  const tcp = new TcpTransport({ clock: systemClock, maxSessions: 10, connectTimeoutMs: 5_000, onInvariant: raiseInvariant });
  const torrents = new Map<string, MadeTorrent>(); // bound: v2 and hybrid
  const peers = bench.keep(new LibtorrentPeers());
  let seeder: Endpoint;

  afterAll(async () => {
    await tcp.close();
    await bench.close();
  });
  beforeAll(async () => {
    const maker = bench.keep(new TorrentMaker());
    const directory = join(bench.directory, 'seeds');
    const plan = { directory, size_bytes: FILES * FILE_BYTES, piece_length: PIECE_BYTES, files: FILES };
    for (const kind of ['v2', 'hybrid'] as const) torrents.set(kind, await maker.make({ ...plan, name: kind, seed: kind, kind }));
    const added = [...torrents.values()].map(({ torrent }) => ({ torrent, save_path: directory, trackers: [] }));
    seeder = await peers.add({ name: 'seeder', role: 'seeder', address: address(1), port: 7_001, torrents: added });
    const isSeeding = async () => (await peers.status())['seeder']?.every((status) => status.seeding);
    await until('the seeder has checked its payload', isSeeding, 60_000);
  });

  const nameV2 = (kind: string) => fromHex(torrents.get(kind)!.info_hash_v2!)!.subarray(0, 20);

  /** A session that fetches the metadata under this name; resolves when it knows what the torrent holds. */
  async function talk(swarm: LoneSwarm) {
    const facts: PeerFact[] = []; // bound: one test
    const session = new PeerSession({
      peerId: randomBytes(random, 20),
      swarm,
      remote: seeder,
      self: { client: 'Swarmscope test', listenPort: undefined },
      times: DEFAULT_TIMES,
    });
    const conversation = tcp.dial<PeerFact, PeerSession>(seeder, session, (fact) => {
      facts.push(fact);
      if (fact.type === 'extended') conversation.act((peer, now, out) => peer.fetchMetadata(now, out));
      if (fact.type !== 'metadata') return;
      swarm.know(fact.info);
      conversation.act((peer, _now, out) => peer.learn(out));
    });
    await until('its pieces are known', () => session.pieces.field?.complete, 20_000);
    const challenge = async (piece: number, leaf?: number) => {
      const before = facts.length;
      expect(conversation.act((peer, now, out) => peer.challenge(piece, now, out, leaf))).toBe(true);
      return until('the challenge ends', () => facts.slice(before).find((fact) => fact.type === 'challenge'), 20_000);
    };
    return { facts, session, challenge, layout: swarm.layout as TorrentLayout, end: () => conversation.abort() };
  }

  test('v2 only: the layer comes in two proved ranges, pieces of both are verified, the whole layer is then ours to give', async () => {
    const { challenge, layout, end } = await talk(new LoneSwarm(nameV2('v2')));
    expect(layout.hashesFor(599)).toMatchObject({ range: { base: 2, index: 512, length: 512 } });
    expect(await challenge(599)).toMatchObject({ result: 'passed' });
    expect(layout.hashesFor(599)).toBeUndefined();
    expect(layout.hashesFor(3)).toBeDefined();
    expect(await challenge(3)).toMatchObject({ result: 'passed' });
    const { root } = layout.info.files[0]!;
    expect(layout.answerHashes({ root: root!, base: 2, index: 0, length: 512, proof: 9 })).toHaveLength(32 * 513);
    expect(layout.hashesFor(600)).toMatchObject({ range: { index: 0 } });
    end();
  });

  test.each(['v2', 'hybrid'])('%s: single leaves with their proofs, the last one of a file too', async (kind) => {
    const { challenge, layout, facts, end } = await talk(new LoneSwarm(nameV2(kind)));
    expect(await challenge(700, 2)).toMatchObject({ piece: 700, leaf: 2, result: 'passed' });
    const last = layout.leavesOf(599) - 1;
    expect(layout.leaf(599, last)).toMatchObject({ bytes: FILE_BYTES % LEAF });
    expect(await challenge(599, last)).toMatchObject({ leaf: last, result: 'passed' });
    end();
    const closed = await until('it is closed', () => facts.find((fact) => fact.type === 'closed'));
    expect(closed.bytesDown).toBe(LEAF + (FILE_BYTES % LEAF));
  });

  test('a hybrid dialled by its v1 name, both known: libtorrent takes us to v2, and gives hashes', async () => {
    const { info_hash_v1: v1 } = torrents.get('hybrid')!;
    const swarm = new LoneSwarm(fromHex(v1!)!, nameV2('hybrid'));
    const { session, facts, challenge, end } = await talk(swarm);
    const handshaken = facts.find((fact) => fact.type === 'handshaken')!;
    expect(equalBytes(handshaken.infoHash, nameV2('hybrid'))).toBe(true);
    expect(session.answersHashes).toBe(true);
    expect(await challenge(10, 1)).toMatchObject({ leaf: 1, result: 'passed' });
    end();
  });

  test.each(['v2', 'hybrid'])('%s: the prober proves the seeder, knowing no more than a hash and an address', async (kind) => {
    const torrent = torrents.get(kind)!;
    const lone = await LoneProber.start(
      bench,
      { address: address(kind === 'v2' ? 50 : 51), port: 0 },
      { budgets: { challenges: 7 } },
    );
    const swarmId = torrent.info_hash_v1 ?? toHex(nameV2(kind));
    const { sampled, probed } = await lone.probe({ infoHash: fromHex(swarmId)!, peers: [seeder] }, swarmId);
    const seen = probed.get(formatEndpoint(seeder))!;
    expect(seen).toMatchObject({ verdict: 'proved', challenges_failed: 0 });
    expect(seen.challenges_passed).toBeGreaterThanOrEqual(7);
    expect(sampled).toMatchObject({ proved: 1, completable: 1 });
    // Four whole pieces to give, then leaves: those of the hybrid only where the session is under its v2 name.
    const most = 4 * PIECE_BYTES + (seen.challenges_passed - 4) * LEAF;
    if (kind === 'v2') expect(Number(seen.bytes_down)).toBeLessThanOrEqual(most);
  });
});
