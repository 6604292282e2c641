// Pieces that hang on claims: which they are, who is asked for them, and what it may cost.
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerPieces } from '@swarmscope/bittorrent/peer/pieces.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { Peer } from '@swarmscope/swarm-prober/peer.ts';
import { Rarity } from '@swarmscope/swarm-prober/rarity.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const PIECES = 20;
const budget = { pieces: PIECES, pieceBytes: () => 10, maxBytes: 10_000 };

/** A peer that shows these pieces, all when not given. */
function peerWith(port: number, shown?: readonly number[]): Peer {
  const peer = new Peer({ address: '192.0.2.1', port });
  const pieces = new PeerPieces();
  pieces.know(PIECES);
  const features = { dht: false, fast: true, extended: true, v2: false };
  peer.take({ type: 'handshaken', infoHash: new Uint8Array(20), peerId: new Uint8Array(20), features }, pieces, 0);
  pieces.show(shown === undefined);
  for (const piece of shown ?? []) pieces.add(piece);
  peer.take({ type: 'pieces', have: undefined, total: PIECES, index: undefined }, pieces, 0);
  return peer;
}
const ended = (piece: number, result: 'passed' | 'rejected'): PeerFact => ({
  type: 'challenge',
  piece,
  result,
  ms: 1,
  data: undefined,
});
const upTo = (end: number) => Array.from({ length: end }, (_, i) => i);

describe('pieces that hang on claims', () => {
  test('are those that no incomplete peer shows and nobody gave; each is asked of one at a time', () => {
    const [seeder, other] = [peerWith(1), peerWith(2)];
    seeder.take(ended(18, 'passed'), seeder.pieces!, 1);
    const peers = [seeder, other, peerWith(3, upTo(17))];
    const rarity = new Rarity();
    const random = seededRandom(1);
    const first = rarity.choose(seeder, peers, budget, random, 1_000);
    const second = rarity.choose(other, peers, budget, random, 1_000);
    expect(new Set([first, second])).toEqual(new Set([17, 19]));
    expect(rarity.choose(seeder, peers, budget, random, 1_001)).toBe('later');
    rarity.verified(first as number);
    expect(rarity.choose(other, peers, budget, random, 1_002)).toBe('later');
    rarity.verified(second as number);
    expect(rarity.choose(seeder, peers, budget, random, 1_003)).toBeUndefined();
    // Who was given three seconds and gave nothing is asked beside others.
    const slow = new Rarity();
    const alone = [seeder, other, peerWith(3, upTo(18))];
    expect(slow.choose(seeder, alone, budget, random, 1_000)).toBe(19);
    expect(slow.choose(other, alone, budget, random, 4_000)).toBe(19);
  });

  test('there are none beside a super-seeder', () => {
    const hidden = peerWith(4, []);
    hidden.pieces!.add(3);
    hidden.take({ type: 'pieces', have: 1, total: PIECES, index: 3 }, hidden.pieces!, 1);
    expect(hidden.verdict).toBe('super_seeder');
    expect(new Rarity().choose(peerWith(1), [hidden], budget, seededRandom(1), 1_000)).toBeUndefined();
  });

  test('cost no more than the budget', () => {
    const [rarity, seeder] = [new Rarity(), peerWith(1)];
    const random = seededRandom(1);
    for (let i = 0; i < 4; i++) {
      const piece = rarity.choose(seeder, [seeder], { ...budget, maxBytes: 45 }, random, 1_000);
      seeder.challenged(piece as number, false, 1_000);
    }
    expect(rarity.choose(seeder, [seeder], { ...budget, maxBytes: 45 }, random, 1_000)).toBeUndefined();
  });

  test('what nobody has is refused by all who claim it: after that no liar is left to rest on', () => {
    const has = fc.uniqueArray(fc.integer({ min: 0, max: PIECES - 2 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(has, { minLength: 1, maxLength: 6 }), fc.integer(), (liars, seed) => {
        const [rarity, random] = [new Rarity(), seededRandom(seed)];
        const peers = liars.map((_, i) => peerWith(i + 1));
        for (let now = 1_000, open = true; open; now += 100) {
          open = false;
          for (const [i, peer] of peers.entries()) {
            if (peer.verdict === 'liar_missing') continue;
            const piece = rarity.choose(peer, peers, budget, random, now);
            if (piece !== undefined) open = true;
            if (typeof piece !== 'number') continue;
            peer.challenged(piece, false, now);
            const passes = liars[i]!.includes(piece);
            peer.take(ended(piece, passes ? 'passed' : 'rejected'), peer.pieces!, now);
            if (passes) rarity.verified(piece);
          }
        }
        // Piece 19 is lost.
        expect(peers.every((peer) => peer.verdict === 'liar_missing')).toBe(true);
      }),
      { seed: 3, numRuns: 50 },
    );
  });
});
