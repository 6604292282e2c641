// The plan of one peer: what is asked of it next, and when it is let go.
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerPieces } from '@swarmscope/bittorrent/peer/pieces.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { Peer } from '@swarmscope/swarm-prober/peer.ts';
import { choosePiece, nextStep, type Situation } from '@swarmscope/swarm-prober/plan.ts';
import { DEFAULT_BUDGETS, LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { describe, expect, test } from 'vitest';

const times = {
  ...LAB_TIMES,
  sayMs: 4000,
  observeMs: 2000,
  revealMs: 6000,
  chokeMs: 7000,
  metadataWaitMs: 15_000,
  silenceSpacingMs: 500,
};
const situation = (more: Partial<Situation> = {}): Situation => ({
  known: true,
  mayFetch: true,
  mayChallenge: true,
  isGathering: false,
  rarePiece: () => undefined,
  times,
  budgets: { ...DEFAULT_BUDGETS, challenges: 3 },
  random: seededRandom(1),
  ...more,
});
const session = (more: object = {}) => ({
  isChoked: false,
  isChallenged: false,
  offersMetadata: true,
  allowedFast: new Set<number>(),
  ...more,
});

/** A peer that shook hands at time 0 and showed this at once. */
function peerWith(show?: (pieces: PeerPieces) => void, total: number | undefined = 50): Peer {
  const peer = new Peer({ address: '192.0.2.1', port: 1 });
  const pieces = new PeerPieces();
  if (total !== undefined) pieces.know(total);
  const features = { dht: false, fast: true, extended: true, v2: false };
  peer.take({ type: 'handshaken', infoHash: new Uint8Array(20), peerId: new Uint8Array(20), features }, pieces, 0);
  if (!show) return peer;
  show(pieces);
  peer.take({ type: 'pieces', have: undefined, total, index: undefined }, pieces, 0);
  return peer;
}
const all = (pieces: PeerPieces) => pieces.show(true);
const challenge = (piece: number, result: 'passed' | 'failed' | 'rejected' | 'silent'): PeerFact => ({
  type: 'challenge',
  piece,
  result,
  ms: 1,
  data: undefined,
});

describe('metadata first', () => {
  test('it is fetched where it is offered, waited for elsewhere, and not for ever', () => {
    const peer = peerWith(undefined, undefined);
    expect(nextStep(peer, session(), situation({ known: false }), 10)).toEqual({ do: 'fetch_metadata' });
    const busy = situation({ known: false, mayFetch: false });
    expect(nextStep(peer, session(), busy, 10)).toEqual({ do: 'wait', until: 15_000 });
    expect(nextStep(peer, session({ offersMetadata: false }), situation({ known: false }), 15_000)).toEqual({ do: 'finish' });
  });

  test('a peer that failed to give it is not asked again', () => {
    const peer = peerWith(undefined, undefined);
    peer.take({ type: 'metadata_failed', reason: 'bad_hash' }, new PeerPieces(), 5);
    expect(nextStep(peer, session(), situation({ known: false }), 10)).toMatchObject({ do: 'wait' });
  });
});

describe('who says nothing or less than all', () => {
  test('is waited for, watched, let go', () => {
    const mute = peerWith();
    expect(nextStep(mute, session(), situation(), 10)).toEqual({ do: 'wait', until: 4000 });
    expect(nextStep(mute, session(), situation(), 4000)).toEqual({ do: 'finish' });
    const leecher = peerWith((pieces) => pieces.showBits(Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0)));
    expect(nextStep(leecher, session(), situation(), 10)).toEqual({ do: 'wait', until: 2000 });
    expect(nextStep(leecher, session(), situation(), 2000)).toEqual({ do: 'finish' });
  });

  test('a super-seeder is asked for what it revealed', () => {
    const peer = peerWith((pieces) => pieces.show(false));
    peer.pieces!.add(9);
    peer.take({ type: 'pieces', have: 1, total: 50, index: 9 }, peer.pieces!, 20);
    expect(nextStep(peer, session(), situation(), 30)).toEqual({ do: 'challenge', piece: 9 });
    peer.challenged(9, false, 30);
    expect(nextStep(peer, session(), situation(), 40)).toEqual({ do: 'wait', until: 6000 });
    peer.take({ type: 'interested', interested: true }, peer.pieces!, 50);
    expect(nextStep(peer, session(), situation(), 60)).toEqual({ do: 'wait', until: 2020 });
  });
});

describe('who claims all', () => {
  test('is challenged as often as the budget says, each time for another piece', () => {
    const peer = peerWith(all);
    const asked: number[] = [];
    for (let i = 0; i < 3; i++) {
      const step = nextStep(peer, session(), situation(), i);
      if (step.do !== 'challenge') throw new Error(step.do);
      peer.challenged(step.piece, false, i);
      peer.take(challenge(step.piece, 'passed'), peer.pieces!, i);
      asked.push(step.piece);
    }
    expect(new Set(asked).size).toBe(3);
    expect(nextStep(peer, session(), situation(), 10)).toEqual({ do: 'finish' });
  });

  test('who passed is asked for pieces that hang on claims, once everybody was dialled', () => {
    const peer = peerWith(all);
    for (const piece of [1, 2, 3]) {
      peer.challenged(piece, false, 0);
      peer.take(challenge(piece, 'passed'), peer.pieces!, 0);
    }
    const rare = (isGathering: boolean) => situation({ isGathering, rarePiece: (each) => (each.asked.has(40) ? undefined : 40) });
    expect(nextStep(peer, session(), rare(true), 10)).toEqual({ do: 'wait', until: 260 });
    expect(nextStep(peer, session(), rare(true), 8000)).toEqual({ do: 'challenge', piece: 40 });
    expect(nextStep(peer, session(), rare(false), 10)).toEqual({ do: 'challenge', piece: 40 });
    expect(nextStep(peer, session(), situation({ rarePiece: () => 'later' }), 10)).toEqual({ do: 'wait', until: 260 });
    peer.challenged(40, false, 20);
    expect(nextStep(peer, session(), rare(false), 30)).toEqual({ do: 'finish' });
  });

  test('is let go where nothing may be asked, and as soon as it lied', () => {
    expect(nextStep(peerWith(all), session(), situation({ mayChallenge: false }), 10)).toEqual({ do: 'finish' });
    for (const result of ['failed', 'rejected'] as const) {
      const liar = peerWith(all);
      liar.take(challenge(1, result), liar.pieces!, 5);
      expect(nextStep(liar, session(), situation(), 10)).toEqual({ do: 'finish' });
    }
  });

  test('a choker is waited for as long as the setting says', () => {
    const peer = peerWith(all);
    peer.challenged(3, true, 100);
    const choked = session({ isChoked: true, isChallenged: true });
    expect(nextStep(peer, choked, situation(), 200)).toEqual({ do: 'wait', until: 7100 });
    expect(nextStep(peer, choked, situation(), 7100)).toEqual({ do: 'finish' });
  });

  test('while choked, a piece that it allows fast comes first', () => {
    const peer = peerWith(all);
    expect(choosePiece(peer, session({ isChoked: true, allowedFast: new Set([99, 17]) }), situation())).toBe(17);
  });

  test('a silent piece: another between, then the same again after the spacing, until it is a proof', () => {
    const peer = peerWith(all);
    let now = 0;
    const steps: string[] = [];
    for (let i = 0; i < 20; i++) {
      const step = nextStep(peer, session(), situation(), now);
      if (step.do === 'finish') break;
      if (step.do === 'wait') now = step.until;
      else if (step.do === 'challenge') {
        const isFirst = peer.challenges.asked === 0 || peer.silence.next(0)?.piece === step.piece;
        steps.push(isFirst ? 'same' : 'other');
        peer.challenged(step.piece, false, now);
        peer.take(challenge(step.piece, isFirst ? 'silent' : 'passed'), peer.pieces!, now);
      }
    }
    expect(steps).toEqual(['same', 'other', 'same', 'other', 'same']);
    expect([peer.verdict, now]).toEqual(['liar_missing', 1000]);
  });

  test('a dead line is no liar', () => {
    const peer = peerWith(all);
    for (const piece of [1, 2, 3, 4]) peer.take(challenge(piece, 'silent'), peer.pieces!, piece);
    expect(nextStep(peer, session(), situation(), 10)).toEqual({ do: 'wait', until: 4 + times.challengeMs });
    expect(nextStep(peer, session(), situation(), 4 + times.challengeMs)).toEqual({ do: 'finish' });
    expect(peer.verdict).toBe('claimed');
    // What was asked for comes late: it goes on.
    peer.take(challenge(1, 'passed'), peer.pieces!, 2000);
    expect(nextStep(peer, session(), situation(), 2000)).toMatchObject({ do: 'challenge' });
  });
});
