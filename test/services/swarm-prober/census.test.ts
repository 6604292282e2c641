// A census: endpoints and their sources, dials and redials, inbound peers at their place, two names, the end; and what it is summed up to.
import { FilterPoll } from '@swarmscope/bittorrent/dht/filter-poll.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { PeerPieces } from '@swarmscope/bittorrent/peer/pieces.ts';
import { VERDICTS } from '@swarmscope/events/enums.ts';
import { bloomOf } from '@swarmscope/lab/sim/bloom.ts';
import { Census } from '@swarmscope/swarm-prober/census.ts';
import { Peer } from '@swarmscope/swarm-prober/peer.ts';
import { LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { outsideOf, summarize } from '@swarmscope/swarm-prober/summary.ts';
import { describe, expect, test } from 'vitest';

const times = { ...LAB_TIMES, censusMs: 30_000, censusMinMs: 1000, sourceMs: 5000, redialMs: 500 };
const at = (host: number, port = 1) => ({ address: `192.0.2.${host}`, port });
const make = (maxPeers = 100) => new Census('00'.repeat(8), times, maxPeers, 0);
const everybody = () => true;

/** A peer that was dialled, shook hands and left showing this. */
function reached(census: Census, peer: Peer, show: (pieces: PeerPieces) => void, total = 8): void {
  const pieces = new PeerPieces();
  pieces.know(total);
  const features = { dht: false, fast: true, extended: true, v2: false };
  const peerId = new Uint8Array(20).fill(census.peers.size);
  peer.take({ type: 'handshaken', infoHash: new Uint8Array(20), peerId, features }, pieces, 10);
  show(pieces);
  peer.take({ type: 'pieces', have: 0, total, index: undefined }, pieces, 10);
}
const close = (peer: Peer, outcome: 'handshaken' | 'refused' | 'timeout' | 'self') =>
  peer.take({ type: 'closed', outcome, ending: 'finished', bytesDown: 0, bytesUp: 0, useless: new Map() }, new PeerPieces(), 20);

describe('endpoints', () => {
  test('are known once, with every source; no more than the bound', () => {
    const census = make(2);
    census.sight(at(1), { source: 'tracker', sourceId: 'a' });
    const peer = census.sight(at(1), { source: 'dht', sourceId: 'b', claimsSeed: true });
    expect([...peer!.sources]).toEqual([
      ['tracker', 'a'],
      ['dht', 'b'],
    ]);
    census.sight(at(2), { source: 'pex' });
    expect([census.sight(at(3), { source: 'pex' }), census.wasCut, census.peers.size]).toEqual([undefined, true, 2]);
  });

  test('a peer that dials us while we dial it is one, where it listens, with the sources of both', () => {
    for (const first of ['in', 'out'] as const) {
      const census = make();
      const dialled = census.sight(at(1, 6_881), { source: 'tracker', sourceId: 'a' })!;
      const inbound = census.sight(at(1, 40_001), { source: 'inbound' })!;
      inbound.direction = 'in';
      const order = first === 'in' ? [inbound, dialled] : [dialled, inbound];
      for (const peer of order) peer.peerId = new Uint8Array(20).fill(9);
      expect(census.meet(order[0]!)).toBeUndefined();
      order[0]!.state = 'talking';
      // The one that we dialled stays: it can be dialled again.
      expect(census.meet(order[1]!)).toBe(inbound);
      expect([...census.peers.values()]).toEqual([dialled]);
      expect([...dialled.sources.keys()].sort()).toEqual(['inbound', 'tracker']);
    }
  });

  test('the same id at another address is another peer', () => {
    const census = make();
    const [one, other] = [1, 2].map((host) => census.sight(at(host), { source: 'given' })!);
    for (const peer of [one!, other!]) peer.peerId = new Uint8Array(20).fill(9);
    expect(census.meet(one!)).toBeUndefined();
    one!.state = 'talking';
    expect([census.meet(other!), census.peers.size]).toEqual([undefined, 2]);
  });

  test('are dialled once; those that may answer later once more, dead ones not', () => {
    const census = make();
    for (const host of [1, 2]) census.sight(at(host), { source: 'given' });
    const silent = census.takeDial(0, everybody)!;
    const dead = census.takeDial(0, everybody)!;
    expect(census.takeDial(0, everybody)).toBeUndefined();
    close(silent, 'timeout');
    close(dead, 'refused');
    census.dialling = 0;
    census.released(silent, 100);
    census.released(dead, 100);
    expect([census.takeDial(599, everybody), census.dialDue]).toEqual([undefined, 600]);
    expect(census.takeDial(600, everybody)).toBe(silent);
    close(silent, 'timeout');
    census.released(silent, 700);
    expect(census.waiting).toBe(0);
  });

  test('whoever has no place now is passed over for the next', () => {
    const census = make();
    for (const host of [1, 2]) census.sight(at(host), { source: 'given' });
    expect(census.takeDial(0, (peer) => peer.endpoint.address === '192.0.2.2')?.endpoint).toEqual(at(2));
  });

  test('our own are counted, not probed', () => {
    const census = make();
    census.sight(at(1), { source: 'tracker' });
    const peer = census.takeDial(0, everybody)!;
    close(peer, 'self');
    census.released(peer, 10);
    expect([census.peers.size, census.own.size]).toEqual([0, 1]);
  });
});

describe('inbound peers', () => {
  const arrive = (census: Census) => {
    const peer = new Peer(at(1, 50_000));
    peer.direction = 'in';
    peer.sources.set('inbound', undefined);
    census.peers.set('192.0.2.1:50000', peer);
    reached(census, peer, (pieces) => pieces.show(true));
    return peer;
  };

  test('move to where they listen, and take over what is known of that endpoint', () => {
    const census = make();
    census.sight(at(1, 6881), { source: 'tracker', sourceId: 't' });
    const peer = arrive(census);
    expect(census.place(peer, at(1, 6881))).toBe(peer);
    expect([...census.peers.keys()]).toEqual(['192.0.2.1:6881']);
    expect([...peer.sources.keys()]).toEqual(['inbound', 'tracker']);
    expect(census.takeDial(0, everybody)).toBeUndefined();
  });

  test('are the same as one that was reached already', () => {
    const census = make();
    const known = census.sight(at(1, 6881), { source: 'tracker' })!;
    reached(census, known, (pieces) => pieces.show(true));
    const peer = arrive(census);
    expect(census.place(peer, at(1, 6881))).toBe(known);
    expect([census.peers.size, known.sources.has('inbound')]).toEqual([1, true]);
  });
});

describe('the end', () => {
  test('comes when sources have settled and nobody is left, or at the latest', () => {
    const census = make();
    census.ask('a', 'dht', 0);
    expect([census.isOver(999), census.isOver(1000), census.overDue(0), census.overDue(1000)]).toEqual([
      false,
      false,
      1000,
      5000,
    ]);
    census.settle('a', true);
    expect(census.isOver(1000)).toBe(true);
    census.sight(at(1), { source: 'dht' });
    expect([census.isOver(1000), census.isOver(30_000)]).toEqual([false, true]);
  });

  test('does not come while peers that cannot be dialled may dial us', () => {
    const census = make();
    census.announced(500);
    expect([census.isOver(1000), census.overDue(1000), census.isOver(500 + times.inboundMs)]).toEqual([
      false,
      500 + times.inboundMs,
      true,
    ]);
  });

  test('a source that never answers has failed, which is not zero', () => {
    const census = make();
    census.ask('a', 'tracker', 0);
    census.ask('b', 'dht', 0);
    census.settle('b', true);
    expect([census.isOver(4999), census.isOver(5000)]).toEqual([false, true]);
    const { sources } = summarize({
      swarmId: '',
      census,
      layout: undefined,
      prefixesExcluded: [],
      reachableSelf: undefined,
      now: 5000,
    });
    expect(sources).toEqual([
      { source: 'tracker', count: null, low: null, high: null, failed: 1 },
      { source: 'dht', count: 0, low: 0, high: null, failed: 0 },
    ]);
  });

  test('the census of the other name moves over, with what is under way', () => {
    const [one, two] = [make(), make()];
    one.sight(at(1), { source: 'dht' });
    two.sight(at(1), { source: 'dht' });
    two.sight(at(2), { source: 'dht' });
    two.ask('x', 'dht', 0);
    two.talking = 1;
    one.absorb(two, 1);
    expect([two.current, one.peers.size, one.peers.get('192.0.2.2:1')?.via, one.talking]).toEqual([one, 2, 1, 1]);
    expect(one.pending(0)).toBe(2 + 1 + 1);
  });
});

describe('pieces that hang on claims', () => {
  test('are those that nobody with less shows, until one was verified', () => {
    const census = make();
    for (const host of [1, 2, 3]) census.sight(at(host), { source: 'given' });
    const [seeder, leecher, liar] = [1, 2, 3].map(() => census.takeDial(0, everybody)!) as [Peer, Peer, Peer];
    reached(census, seeder, (pieces) => pieces.show(true));
    reached(census, leecher, (pieces) => void pieces.showBits(Uint8Array.of(0xfc)));
    reached(census, liar, (pieces) => void pieces.showBits(Uint8Array.of(0x03)));
    liar.challenges.failed = 1;
    const budget = { pieces: 8, pieceBytes: () => 1, maxBytes: 100 };
    const choose = (now: number) => census.rarity.choose(seeder, census.peers.values(), budget, () => 0, now);
    expect(choose(0)).toBe(6);
    census.rarity.verified(6);
    expect(choose(1)).toBe(7);
    seeder.challenged(7, false, 1);
    expect(choose(2)).toBeUndefined();
    expect(census.rarity.choose(leecher, census.peers.values(), budget, () => 0, 1000)).toBeUndefined();
  });
});

describe('the summary', () => {
  test('has one count per verdict over the tried, each of which adds up to them', () => {
    const census = make();
    for (const host of [1, 2, 3, 4]) census.sight(at(host), { source: 'tracker' });
    for (let i = 0; i < 3; i++) {
      const peer = census.takeDial(0, everybody)!;
      if (i === 2) close(peer, 'refused');
      else reached(census, peer, (pieces) => (i === 0 ? pieces.show(true) : void pieces.showBits(Uint8Array.of(0xf0))));
    }
    census.own.add('own');
    const now = 2001;
    const sum = summarize({
      swarmId: 'ab',
      census,
      layout: undefined,
      prefixesExcluded: ['192.0.2.1/32'],
      reachableSelf: true,
      now,
    });
    expect(sum).toMatchObject({
      claimed: 1,
      leecher: 1,
      unreachable: 1,
      proved: 0,
      endpoints_known: 4,
      endpoints_tried: 3,
      reached: 2,
      window_s: 3,
      own_announces: 1,
      reachable_self: 1,
      size_estimate: 4,
      method: 'enumerated',
      availability: [],
    });
    expect(VERDICTS.reduce((total, verdict) => total + sum[verdict], 0)).toBe(3);
  });

  test('filters of the DHT: our own address is taken out unless another peer has it; raw ones are told only where addresses are', () => {
    const poll = new FilterPoll();
    const downloaders = bloomOf(['5.0.0.1', '5.0.0.2', '10.0.0.9']);
    for (let i = 0; i < 8; i++) poll.add(`${i}`, { seeds: bloomOf(['5.0.0.3']), downloaders });
    const census = make();
    const rest = { swarmId: 'ab', census, layout: undefined, prefixesExcluded: [], reachableSelf: true, now: 1 };
    expect(summarize(rest).dht_filters).toBeUndefined();
    census.tell(poll.tally()!);
    census.own.add('10.0.0.9:6881');
    const told = { dht_filters: 8, dht_filters_refused: 0, dht_seeds_estimate: 1, dht_seeds_low: 1, dht_seeds_high: 1 };
    expect(summarize(rest)).toMatchObject({
      ...told,
      dht_downloaders_estimate: 2,
      dht_downloaders_low: 2,
      dht_seeds_filter: null,
    });
    expect(summarize({ ...rest, tellsFilters: true }).dht_downloaders_filter).toBe(toHex(downloaders));
    census.sight({ address: '10.0.0.9', port: 7_000 }, { source: 'dht' });
    expect(summarize(rest).dht_downloaders_estimate).toBe(3);
  });

  test('filters that nobody is to be believed say how many there were, and no figure', () => {
    const poll = new FilterPoll();
    const full = new Uint8Array(256).fill(255);
    for (let i = 0; i < 3; i++) poll.add(`${i}`, { seeds: full, downloaders: full });
    const [census, absorbed] = [make(), make()];
    absorbed.tell(poll.tally()!);
    census.absorb(absorbed, 1);
    const sum = summarize({ swarmId: 'ab', census, layout: undefined, prefixesExcluded: [], reachableSelf: true, now: 1 });
    expect([sum.dht_filters, sum.dht_filters_refused, sum.dht_seeds_estimate]).toEqual([0, 3, undefined]);
  });

  test("the publisher's own networks are cut by the bit", () => {
    const isOutside = outsideOf(['10.0.0.0/9', '2001:db8::/33', 'nonsense']);
    const addresses = ['10.127.255.255', '10.128.0.0', '2001:db8:7fff::1', '2001:db8:8000::1', '::1'];
    expect(addresses.map(isOutside)).toEqual([false, true, false, true, true]);
    expect(outsideOf(['0.0.0.0/0'])('8.8.8.8')).toBe(false);
  });
});
