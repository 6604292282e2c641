// The ten verdicts and their order; when silence is a proof; what a peer's facts make of it.
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerPieces } from '@swarmscope/bittorrent/peer/pieces.ts';
import { VERDICTS, type Verdict } from '@swarmscope/events/enums.ts';
import { Peer } from '@swarmscope/swarm-prober/peer.ts';
import { Silence } from '@swarmscope/swarm-prober/silence.ts';
import { type Evidence, judge } from '@swarmscope/swarm-prober/verdict.ts';
import { describe, expect, test } from 'vitest';

const nothing: Evidence = {
  handshaken: false,
  failed: 0,
  missing: false,
  passed: 0,
  silent: false,
  claimsAll: false,
  soughtLong: false,
  unchoked: false,
  superSeeder: false,
  said: false,
  uploadOnly: false,
  interested: false,
};
const met: Evidence = { ...nothing, handshaken: true };
const seed: Evidence = { ...met, said: true, claimsAll: true };
const part: Evidence = { ...met, said: true };

describe('the verdict', () => {
  test.each<[string, Evidence, Verdict]>([
    ['nothing at all', nothing, 'unreachable'],
    ['a handshake and silence', met, 'unknown'],
    ['some pieces', part, 'leecher'],
    ['some pieces, loads nothing', { ...part, uploadOnly: true }, 'partial_seed'],
    ['says that it loads nothing, and wants ours', { ...part, uploadOnly: true, interested: true }, 'leecher'],
    ['reveals one by one', { ...part, superSeeder: true, uploadOnly: true }, 'super_seeder'],
    ['all pieces', seed, 'claimed'],
    ['all pieces and upload_only', { ...seed, uploadOnly: true }, 'claimed'],
    ['all pieces, unchoked, nothing passed yet', { ...seed, unchoked: true, soughtLong: true }, 'claimed'],
    ['all pieces, never unchoked us', { ...seed, soughtLong: true }, 'choked'],
    ['all pieces, one passed', { ...seed, unchoked: true, passed: 1 }, 'proved'],
    ['one passed while it choked us (allowed fast)', { ...seed, soughtLong: true, passed: 1 }, 'proved'],
    ['passed some, silent on one', { ...seed, unchoked: true, passed: 3, silent: true }, 'claimed'],
    ['refused a piece', { ...seed, unchoked: true, passed: 3, missing: true }, 'liar_missing'],
    ['refused a piece it showed as a leecher', { ...part, missing: true }, 'liar_missing'],
    ['one failed, others passed', { ...seed, unchoked: true, passed: 9, failed: 1 }, 'liar_corrupt'],
    ['everything at once', { ...seed, failed: 1, missing: true, passed: 1, superSeeder: true, uploadOnly: true }, 'liar_corrupt'],
  ])('%s', (_, evidence, verdict) => {
    expect(judge(evidence)).toBe(verdict);
  });

  test('more evidence of a kind never moves down the order past what it proves', () => {
    const rank = (evidence: Evidence) => VERDICTS.indexOf(judge(evidence));
    for (let bits = 0; bits < 1 << 10; bits++) {
      const has = (bit: number) => (bits & (1 << bit)) !== 0;
      const evidence: Evidence = {
        handshaken: true,
        failed: 0,
        missing: has(0),
        passed: has(1) ? 1 : 0,
        silent: has(2),
        claimsAll: has(3),
        soughtLong: has(4),
        unchoked: has(5),
        superSeeder: has(6),
        said: has(7),
        uploadOnly: has(8),
        interested: has(9),
      };
      expect(rank({ ...evidence, missing: true })).toBeLessThanOrEqual(rank(evidence));
      expect(judge({ ...evidence, failed: 1 })).toBe('liar_corrupt');
    }
  });
});

describe('silence', () => {
  test('three times on the same piece, with others between, is a proof', () => {
    const silence = new Silence();
    for (let round = 0; round < 3; round++) {
      expect(silence.isProof).toBe(false);
      silence.silent(7, round * 1000);
      silence.arrived(round);
    }
    expect(silence.isProof).toBe(true);
  });

  test('without anything between it is one silence, and asking on is given up', () => {
    const silence = new Silence();
    for (let round = 0; round < 4; round++) silence.silent(7, round * 1000);
    expect([silence.isProof, silence.isDead, silence.isOpen]).toEqual([false, true, true]);
  });

  test('a piece that comes after all clears itself', () => {
    const silence = new Silence();
    silence.silent(7, 0);
    silence.arrived(8);
    silence.silent(7, 1000);
    silence.arrived(7);
    expect([silence.isOpen, silence.isProof, silence.next(10)]).toEqual([false, false, undefined]);
  });

  test('a late piece says nothing of those that were asked for after it', () => {
    const silence = new Silence();
    silence.silent(7, 0);
    silence.silent(8, 1000);
    silence.arrived(7);
    expect(silence.next(10)).toMatchObject({ piece: 8, other: true });
    silence.silent(9, 2000);
    silence.arrived(9);
    expect(silence.next(10)).toMatchObject({ piece: 8, other: false });
  });

  test('what a choke or the end of the session made void is asked again before it counts', () => {
    const silence = new Silence();
    silence.silent(7, 0);
    silence.voided();
    silence.arrived(8);
    expect(silence.next(10)).toEqual({ piece: 7, at: 10, other: false });
    silence.silent(7, 1000);
    silence.arrived(9);
    silence.silent(7, 2000);
    silence.arrived(10);
    expect(silence.isProof).toBe(false);
    silence.silent(7, 3000);
    expect(silence.isProof).toBe(true);
  });

  test('asks for another piece first, then for the same again after the spacing', () => {
    const silence = new Silence();
    silence.silent(7, 500);
    expect(silence.next(1000)).toEqual({ piece: 7, at: 1500, other: true });
    silence.arrived(8);
    expect(silence.next(1000)).toEqual({ piece: 7, at: 1500, other: false });
  });
});

describe('a peer', () => {
  const endpoint = { address: '192.0.2.1', port: 6881 };
  const features = { dht: false, fast: true, extended: true, v2: false };
  const handshaken: PeerFact = { type: 'handshaken', infoHash: new Uint8Array(20), peerId: new Uint8Array(20), features };
  const closed = (outcome: 'handshaken' | 'reset' | 'timeout'): PeerFact => ({
    type: 'closed',
    outcome,
    ending: 'remote',
    bytesDown: 5,
    bytesUp: 1,
    useless: new Map(),
  });

  /** Feeds facts at 100 ms steps; `act` may change what the peer shows before the fact. */
  function lived(facts: readonly (readonly [PeerFact, ((pieces: PeerPieces) => void)?])[]): Peer {
    const peer = new Peer(endpoint);
    const pieces = new PeerPieces();
    pieces.know(100);
    for (const [i, [fact, act]] of facts.entries()) {
      act?.(pieces);
      peer.take(fact, pieces, 100 * i);
    }
    return peer;
  }
  const shown: PeerFact = { type: 'pieces', have: 0, total: 100, index: undefined };

  test('a later failure does not take back the handshake, and the bytes add up', () => {
    const peer = lived([[handshaken], [closed('handshaken')], [closed('reset')]]);
    expect([peer.outcome, peer.verdict, peer.bytesDown]).toEqual(['handshaken', 'unknown', 10]);
    expect(lived([[closed('timeout')]]).verdict).toBe('unreachable');
  });

  test('none, then one piece at once: a super-seeder; interested or late: a leecher', () => {
    const none = (pieces: PeerPieces) => pieces.show(false);
    const one = (pieces: PeerPieces) => void pieces.add(3);
    const steps = [[handshaken], [shown, none], [shown, one]] as const;
    expect(lived(steps).verdict).toBe('super_seeder');
    expect(lived([...steps, [{ type: 'interested', interested: true }]]).verdict).toBe('leecher');
    // Late, but it does not want what it does not show: libtorrent's way.
    const late = lived([[handshaken], [shown, none]]);
    late.offered([50], 200);
    late.pieces!.add(3);
    late.take(shown, late.pieces!, 10_000);
    expect(late.verdict).toBe('super_seeder');
    const wait = Array.from({ length: 20 }, () => [{ type: 'choked' } as PeerFact] as const);
    expect(lived([[handshaken], [shown, none], ...wait, [shown, one]]).verdict).toBe('leecher');
  });

  test('the wait for an unchoke counts from when we wanted something, and ends when it came', () => {
    const all = (pieces: PeerPieces) => pieces.show(true);
    const peer = lived([[handshaken], [shown, all]]);
    peer.challenged(4, true, 1000);
    peer.concludeChoke(5000, 5999);
    expect(peer.verdict).toBe('claimed');
    peer.concludeChoke(5000, 6000);
    expect(peer.verdict).toBe('choked');
    peer.take({ type: 'unchoked' }, new PeerPieces(), 7000);
    expect([peer.verdict, peer.soughtAt]).toEqual(['claimed', undefined]);
  });

  test('a challenge that passes proves, a refusal condemns', () => {
    const all = (pieces: PeerPieces) => pieces.show(true);
    const passed: PeerFact = { type: 'challenge', piece: 1, result: 'passed', ms: 12, data: new Uint8Array(1) };
    const proved = lived([[handshaken], [shown, all], [passed]]);
    expect([proved.verdict, proved.firstPieceMs, proved.challenges.passed]).toEqual(['proved', 12, 1]);
    const rejected: PeerFact = { type: 'challenge', piece: 2, result: 'rejected', ms: 1, data: undefined };
    expect(lived([[handshaken], [shown, all], [passed], [rejected]]).verdict).toBe('liar_missing');
  });
});
