// The small parts around the prober: settings, what the operator hands over, our peer id, names of swarms, and what is published.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@swarmscope/bittorrent/bencode.ts';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { type Info, parseInfo } from '@swarmscope/bittorrent/metainfo-info.ts';
import type { Event } from '@swarmscope/events/event.ts';
import { parseEvent } from '@swarmscope/events/event.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { ConfigError, configReference, readConfig } from '@swarmscope/runtime/config.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { budgetsOf, proberConfig } from '@swarmscope/swarm-prober/config.ts';
import { Peer } from '@swarmscope/swarm-prober/peer.ts';
import { isOwnPeerId, makePeerId } from '@swarmscope/swarm-prober/peer-id.ts';
import { ByteBudget, PieceCache } from '@swarmscope/swarm-prober/piece-cache.ts';
import { Publisher } from '@swarmscope/swarm-prober/publish.ts';
import { Registry } from '@swarmscope/swarm-prober/registry.ts';
import { DEFAULT_BUDGETS } from '@swarmscope/swarm-prober/settings.ts';
import { readSourcesDirectory } from '@swarmscope/swarm-prober/sources-directory.ts';
import { readSource } from '@swarmscope/swarm-prober/target.ts';
import { siteOf } from '@swarmscope/swarm-prober/tracker-source.ts';
import { afterAll, describe, expect, test } from 'vitest';

const INFO = encode({ length: 40_000, name: 'a', 'piece length': 32_768, pieces: new Uint8Array(40) });
const TRACKER = 'http://tracker.example/announce?passkey=secret';
const TORRENT = torrentOf(TRACKER);

function torrentOf(tracker: string): Uint8Array {
  const text = new TextEncoder();
  return Uint8Array.from([...text.encode(`d8:announce${tracker.length}:${tracker}4:info`), ...INFO, ...text.encode('e')]);
}

describe('settings', () => {
  test('have defaults, are read from variables, and are documented', () => {
    expect(budgetsOf(readConfig(proberConfig, {}))).toEqual({
      censuses: DEFAULT_BUDGETS.censuses,
      sessions: DEFAULT_BUDGETS.sessions,
      infohashes: DEFAULT_BUDGETS.infohashes,
      challenges: DEFAULT_BUDGETS.challenges,
      verifyBytesPerSwarm: DEFAULT_BUDGETS.verifyBytesPerSwarm,
      verifyBytesPerDay: DEFAULT_BUDGETS.verifyBytesPerDay,
      cacheBytes: DEFAULT_BUDGETS.cacheBytes,
    });
    expect(readConfig(proberConfig, { SWARMSCOPE_VERIFY: 'none', SWARMSCOPE_CHALLENGES: '7' })).toMatchObject({
      verify: 'none',
      challenges: 7,
    });
    expect(() => readConfig(proberConfig, { SWARMSCOPE_VERIFY: 'some' })).toThrow(ConfigError);
    expect(configReference(proberConfig)).toContain('`SWARMSCOPE_SOURCES_DIRECTORY`');
  });
});

describe('what the operator hands over', () => {
  test('a file has names and trackers; a bare v2 hash is cut; what has no name is refused', () => {
    expect(readSource({ metainfo: TORRENT })).toMatchObject({ names: [toHex(sha1(INFO))], trackers: [TRACKER] });
    expect(readSource({ infoHashV2: new Uint8Array(32).fill(0xab), trackers: ['udp://t:1'] })).toEqual({
      names: ['ab'.repeat(20)],
      torrent: undefined,
      trackers: ['udp://t:1'],
    });
    expect(() => readSource({})).toThrow('A torrent needs an infohash or a file.');
    expect(() => readSource({ metainfo: Uint8Array.of(0x64) })).toThrow('The torrent file cannot be read: truncated at byte 1.');
  });

  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-sources-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test('a directory of torrents and magnets; a broken one is named', () => {
    writeFileSync(join(directory, 'a.torrent'), TORRENT);
    writeFileSync(join(directory, 'b.magnet'), `magnet:?xt=urn:btih:${'cd'.repeat(20)}&tr=${encodeURIComponent(TRACKER)}\n`);
    writeFileSync(join(directory, 'notes.txt'), 'nothing');
    const names = readSourcesDirectory(directory).map((source) => readSource(source).names);
    expect(names).toEqual([[toHex(sha1(INFO))], ['cd'.repeat(20)]]);
    writeFileSync(join(directory, 'c.torrent'), 'd');
    expect(() => readSourcesDirectory(directory)).toThrow(/c\.torrent: The torrent file cannot be read/);
  });

  test('of a tracker only scheme, host and port are ever told', () => {
    expect(siteOf(TRACKER)).toBe('http://tracker.example');
    expect(siteOf('udp://tracker.example:6969/x?y')).toBe('udp://tracker.example:6969');
  });
});

describe('our peer id', () => {
  const marking = (seed: number) => ({
    nodeKey: (id: Uint8Array, address: string) => toHex(sha1(Uint8Array.from([seed, ...id, address.length]))).slice(0, 16),
  });

  test('is known to who shares the seed, and to nobody else', () => {
    const id = makePeerId(seededRandom(1), marking(1));
    expect(new TextDecoder().decode(id.subarray(0, 8))).toBe('-SW0100-');
    expect([isOwnPeerId(id, marking(1)), isOwnPeerId(id, marking(2))]).toEqual([true, false]);
    id[9]! ^= 1;
    expect(isOwnPeerId(id, marking(1))).toBe(false);
  });
});

describe('names of swarms', () => {
  const [v1, v2] = ['11'.repeat(20), '22'.repeat(20)];
  const registry = () => new Registry(new PieceCache(1000), new ByteBudget(1000));

  test('a second name is a second view of the same swarm', () => {
    const names = registry();
    const swarm = names.open(v1);
    const { added, absorbed } = names.unite(swarm, [v1, v2]);
    expect([added.length, absorbed.length, names.find(v2) === swarm, swarm.names]).toEqual([1, 0, true, [v1, v2]]);
    expect(swarm.views[0]!.isNamed(swarm.views[1]!.infoHash)).toBe(true);
    names.drop(swarm);
    expect(names.size).toBe(0);
  });

  test('two swarms that are one: views, trackers and policy move over', () => {
    const names = registry();
    const [one, two] = [names.open(v1), names.open(v2)];
    two.addTrackers(['udp://t:1']);
    two.watched = true;
    const open = two.views[0]!;
    expect(names.unite(one, [v1, v2]).absorbed).toEqual([two]);
    expect([open.home, names.find(v2), one.watched, [...one.trackers]]).toEqual([one, one, true, ['udp://t:1']]);
  });
});

describe('what is published', () => {
  const events: Event[] = []; // bound: one suite
  const clock = new ManualClock();
  const naming = { epoch: 3, peerKey: () => 'aa'.repeat(8), addressKey: () => 'bb'.repeat(8) };
  const make = (addresses: 'pseudonymous' | 'full') =>
    new Publisher({
      bus: {
        publish(event) {
          events.push(event);
          return 'queued' as const;
        },
      },
      clock,
      naming,
      network: 'lab',
      instanceId: 'test',
      addresses,
    });
  const swarmId = '33'.repeat(20);
  const endpoint = { address: '192.0.2.77', port: 6881 };
  const take = () => events.splice(0);

  test('a sighting once per source and hour, without the address unless it was asked for', () => {
    const publisher = make('pseudonymous');
    for (const source of ['dht', 'dht', 'pex'] as const) publisher.sighted(swarmId, endpoint, { source });
    clock.advance(3_600_000);
    publisher.sighted(swarmId, endpoint, { source: 'dht' });
    make('full').sighted(swarmId, endpoint, { source: 'given', claimsSeed: true });
    expect(take()).toMatchObject([
      { source: 'dht', endpoint: null, ip_prefix: '192.0.2.0/24', claims_seed: null },
      { source: 'pex' },
      { source: 'dht' },
      { source: 'given', endpoint: '192.0.2.77:6881', claims_seed: 1 },
    ]);
  });

  test('nothing of a peer but what the definitions allow, whatever it said', () => {
    const publisher = make('pseudonymous');
    const peer = new Peer(endpoint);
    peer.client = '\u001b[31m'.padEnd(300, 'x');
    peer.peerId = new Uint8Array(20).fill(7);
    peer.outcome = 'handshaken';
    peer.ending = 'flood';
    publisher.probed(swarmId, 'cc'.repeat(8), peer, 10, 5);
    const [event] = take();
    expect(parseEvent('peer_probed', event)).toEqual(event);
    expect(event).toMatchObject({ reason: 'flood', peer_id_prefix: '........', verdict: 'unknown', endpoint: null });
    expect(JSON.stringify(event)).not.toContain('192.0.2.77');
  });

  test('a torrent, and the alias of a hybrid', () => {
    const publisher = make('pseudonymous');
    const info = parseInfo(INFO) as Info;
    publisher.resolved(info, info.infoHashV1!, 'peer', undefined);
    publisher.aliased({ ...info, infoHashV2: new Uint8Array(32).fill(0xee) }, 'peer', false);
    const told = take();
    for (const event of told) expect(parseEvent(event.topic, event)).toEqual(event);
    expect(told).toMatchObject([
      { swarm_id: toHex(sha1(INFO)), alias_of: null, pieces: 2, size_bytes: '40000' },
      { swarm_id: 'ee'.repeat(20), alias_of: toHex(sha1(INFO)) },
      { topic: 'probe_state', swarm_id: 'ee'.repeat(20), last_outcome: 'alias' },
      { topic: 'infohash_sighted', info_hash: toHex(sha1(INFO)), way: 'watch' },
    ]);
  });
});
