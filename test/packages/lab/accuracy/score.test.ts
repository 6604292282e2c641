// Scoring a census: what counts as right, what luck allows a liar, and swarms drawn from a seed.
import { accuracyCast } from '@swarmscope/lab/accuracy/cast.ts';
import type { ReportedPeer } from '@swarmscope/lab/accuracy/pairs.ts';
import { confusionLines, scoreCensus } from '@swarmscope/lab/accuracy/score.ts';
import { figureLines } from '@swarmscope/lab/figure.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { LabPeer } from '@swarmscope/lab/sim/peer.ts';
import type { PeerKind, Verdict } from '@swarmscope/lab/sim/peer-kind.ts';
import { swarmTruth } from '@swarmscope/lab/sim/truth.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

const content = new Content({ name: 'x', seed: 3, pieceBytes: 16_384, files: [{ path: 'x', bytes: 10 * 16_384 }] });
const peer = (port: number, kind: PeerKind, has?: number) =>
  new LabPeer({ kind, content, endpoint: { address: '127.0.0.1', port }, seed: port, ...(has === undefined ? {} : { has }) });

function score(peers: LabPeer[], said: [number, Verdict, number?, number?][], completable: boolean | null = true) {
  const reported: ReportedPeer[] = said.map(([port, verdict, challengesPassed = 0, challengesFailed = 0]) => ({
    endpoint: `127.0.0.1:${port}`,
    verdict,
    challengesPassed,
    challengesFailed,
  }));
  const lostFiles = completable === false ? ['x'] : [];
  const reports = [{ infoHash: 'x', completable, lostFiles, peers: reported }];
  const result = scoreCensus([swarmTruth(peers, 0, 1)], reports, { seed: 7, name: 'accuracy', challenges: 5 });
  return { ...result, failed: result.figures.filter((one) => !one.ok).map((one) => one.name) };
}

describe('a score', () => {
  const peers = [peer(1, 'seeder'), peer(2, 'leecher', 4), peer(3, 'dead')];

  test('is full when everything is right', () => {
    const { failed, errors, confusion } = score(peers, [
      [1, 'proved', 5],
      [2, 'leecher'],
      [3, 'unreachable'],
    ]);
    expect([failed, errors]).toEqual([[], []]);
    expect(confusionLines(confusion)).toEqual([
      'seeder           proved 1',
      'leecher          leecher 1',
      'dead             unreachable 1',
    ]);
  });

  test('says what is wrong: class, missing peers, honest liars, completable', () => {
    const { failed, errors } = score(
      peers,
      [
        [1, 'liar_missing'],
        [3, 'unreachable'],
      ],
      false,
    );
    expect(failed).toEqual([
      'accuracy: class of reachable peers',
      'accuracy: honest peers called liars',
      'accuracy: completable right, torrents and files',
    ]);
    expect(errors).toEqual([
      'swarm 1: completable false instead of true',
      'swarm 1: x completable false instead of true',
      '127.0.0.1:1 seeder: liar_missing instead of proved',
      '127.0.0.1:2 leecher: not reported instead of leecher',
    ]);
  });

  test('forgives a liar its luck, not its failed challenge', () => {
    const liars = [peer(1, 'seeder'), peer(2, 'liar_rejects', 9), peer(3, 'liar_rejects', 1)];
    expect(
      score(liars, [
        [1, 'proved', 5],
        [2, 'proved', 5],
        [3, 'liar_missing'],
      ]).failed,
    ).toEqual([]);
    expect(
      score(liars, [
        [1, 'proved', 5],
        [2, 'liar_missing'],
        [3, 'proved', 5],
      ]).failed,
    ).toEqual(['accuracy: liars lacking 90 % proved after 5 challenges, of 1']);
    const many = Array.from({ length: 20 }, (_, i) => peer(10 + i, 'liar_rejects', 1));
    expect(
      score(
        many,
        many.map((one) => [one.plan.endpoint.port, 'proved', 5]),
        null,
      ).failed,
    ).toContain('accuracy: liars lacking 90 % proved after 5 challenges, of 20');
    expect(
      score(liars, [
        [1, 'proved', 5, 1],
        [2, 'liar_missing'],
        [3, 'liar_missing'],
      ]).failed,
    ).toEqual(['accuracy: proved though a challenge failed']);
  });

  test('a failed figure says how to replay it', () => {
    expect(figureLines(score(peers, []).figures)[0]).toMatch(/^FAIL accuracy: class of reachable peers .*replay with --seed 7$/);
  });
});

test('swarms have the peers asked for, all kinds, and no complete peer where pieces are lost', () => {
  const cast = accuracyCast(seededRandom(1), 50, 2_000);
  expect([cast.length, cast.reduce((sum, torrent) => sum + torrent.peers.length, 0)]).toEqual([50, 2_000]);
  expect(new Set(cast.flatMap((torrent) => torrent.peers.map((one) => one.kind))).size).toBe(14);
  const lost = cast.filter((torrent) => (torrent.lostPieces ?? 0) > 0);
  expect(lost.length).toBe(8);
  expect(lost.flatMap((torrent) => torrent.peers).some((one) => one.kind === 'seeder')).toBe(false);
  expect(accuracyCast(seededRandom(1), 50, 2_000)).toEqual(cast);
});
