// Message Stream Encryption with libtorrent that refuses everything else: dialled by us, and dialling us; metadata and a piece go over.
import { join } from 'node:path';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { equalBytes, fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { swarmHash } from '@swarmscope/bittorrent/mse/keys.ts';
import { DiallingMseSession, type EncryptionFact, InboundMseSession } from '@swarmscope/bittorrent/mse/session.ts';
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
import { pickNetwork, until, Workbench } from './support/process.ts';

describe.skipIf(missing('libtorrent').length > 0)('a libtorrent peer that speaks encrypted or not at all', () => {
  const bench = new Workbench('encryption');
  const address = pickNetwork();
  const random = systemRandom();
  const tcp = new TcpTransport({ clock: systemClock, maxSessions: 10, connectTimeoutMs: 5_000, onInvariant: raiseInvariant });
  const peers = bench.keep(new LibtorrentPeers());
  let torrent: MadeTorrent;
  let infoHash: Uint8Array;
  let seeder: Endpoint;
  afterAll(async () => {
    await tcp.close();
    await bench.close();
  });
  beforeAll(async () => {
    const maker = bench.keep(new TorrentMaker());
    const directory = join(bench.directory, 'seeds');
    torrent = await maker.make({ directory, name: 'hidden', seed: 'hidden', size_bytes: 1 << 20, piece_length: 65_536 });
    infoHash = fromHex(torrent.info_hash_v1!)!;
    const torrents = [{ torrent: torrent.torrent, save_path: directory, trackers: [] }];
    seeder = await peers.add({ name: 'encrypted', role: 'encrypted', address: address(1), port: 7_001, torrents });
    await until('the seeder has checked its payload', async () => (await peers.status())['encrypted']?.[0]?.seeding, 30_000);
  });

  function session(): PeerSession {
    return new PeerSession({
      peerId: randomBytes(random, 20),
      swarm: new LoneSwarm(infoHash),
      remote: seeder,
      self: { client: 'Swarmscope test', listenPort: undefined },
      times: DEFAULT_TIMES,
    });
  }

  test('a plain handshake is closed at once', async () => {
    const facts: PeerFact[] = [];
    tcp.dial(seeder, session(), (fact: PeerFact) => void facts.push(fact));
    const closed = await until('it closes', () => facts.find((fact) => fact.type === 'closed'));
    expect(['closed_early', 'reset']).toContain(closed.outcome);
  });

  test.each(['rc4', 'both'] as const)('dialled by us, offering %s: the metadata comes over', async (offers) => {
    const facts: (PeerFact | EncryptionFact)[] = [];
    const inner = session();
    const wrapped = new DiallingMseSession<PeerFact>(inner, { infoHash, random, offers });
    const conversation = tcp.dial<PeerFact | EncryptionFact, typeof wrapped>(seeder, wrapped, (fact) => {
      facts.push(fact);
      if (fact.type === 'extended')
        conversation.act((mse, now, out) => mse.act((within) => inner.fetchMetadata(now, within), out));
    });
    const metadata = await until('the metadata', () => facts.find((fact) => fact.type === 'metadata'));
    expect(toHex(sha1(metadata.info))).toBe(torrent.info_hash_v1);
    expect(facts.find((fact) => fact.type === 'encrypted')).toEqual({ type: 'encrypted', encryption: 'mse_rc4' });
    expect(facts.find((fact) => fact.type === 'pieces')).toMatchObject({ type: 'pieces' });
    conversation.abort();
  });

  test('dialling us: the same door as for plain peers', async () => {
    const facts: (PeerFact | EncryptionFact)[] = [];
    const listener = await tcp.listen<PeerFact | EncryptionFact>({ address: address(2), port: 0 }, () => ({
      session: new InboundMseSession<PeerFact>(session(), {
        random,
        infoHashOf: (hash) => (equalBytes(hash, swarmHash(infoHash)) ? infoHash : undefined),
        prefers: 'plain',
      }),
      onFact: (fact) => void facts.push(fact),
    }));
    await peers.connect('encrypted', listener.local.address, listener.local.port);
    const handshaken = await until('it shakes hands', () => facts.find((fact) => fact.type === 'handshaken'));
    expect(toHex(handshaken.infoHash)).toBe(torrent.info_hash_v1);
    expect(facts.find((fact) => fact.type === 'encrypted')).toEqual({ type: 'encrypted', encryption: 'mse_rc4' });
    await listener.close();
  });
});
