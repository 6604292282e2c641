// What is true of a swarm: bounds over time, and completable by what can really be had.
import { Content } from '@swarmscope/lab/sim/content.ts';
import { LabPeer, type LabPeerPlan } from '@swarmscope/lab/sim/peer.ts';
import { swarmTruth } from '@swarmscope/lab/sim/truth.ts';
import { expect, test } from 'vitest';

const content = new Content({ name: 'x', seed: 3, pieceBytes: 16_384, files: [{ path: 'x', bytes: 10 * 16_384 }] });
let port = 1;
const peer = (kind: LabPeerPlan['kind'], more: Partial<LabPeerPlan> = {}) =>
  new LabPeer({ kind, content, endpoint: { address: '127.0.0.1', port: port++ }, seed: port, ...more });
const up = Uint32Array.from({ length: 10 }, (_, i) => i);
const down = Uint32Array.from({ length: 10 }, (_, i) => 9 - i);

test('a peer that completes makes the bounds differ while it happens', () => {
  const moving = peer('progressing', { has: 8, progress: { startMs: 0, everyMs: 100, limit: 10 } });
  const peers = [moving, peer('seeder'), peer('dead')];
  const before = swarmTruth(peers, 0, 50);
  expect([before.least.leecher, before.most.leecher, before.least.proved, before.most.proved]).toEqual([1, 1, 1, 1]);
  const during = swarmTruth(peers, 0, 500);
  expect([during.least.leecher, during.most.leecher, during.least.proved, during.most.proved]).toEqual([0, 1, 1, 2]);
  const after = swarmTruth(peers, 300, 500);
  expect([after.least.leecher, after.most.leecher, after.least.proved, after.most.proved]).toEqual([0, 0, 2, 2]);
  expect([during.least.unreachable, during.complete, during.peers[0]?.pieces]).toEqual([
    1,
    { least: 1, most: 2 },
    { least: 8, most: 10 },
  ]);
});

test('two halves are completable without a seeder; a liar, a silent or an unreachable holder adds nothing', () => {
  expect(
    swarmTruth([peer('leecher', { has: 5, order: up }), peer('leecher', { has: 5, order: down })], 0, 1).completable,
  ).toEqual([true]);
  const half = peer('leecher', { has: 5, order: up });
  const liar = peer('liar_rejects', { has: 1, order: up });
  const truth = swarmTruth([half, liar, peer('tarpit'), peer('encrypted_only')], 0, 1);
  expect([truth.completable, truth.complete.most, truth.claiming.most, truth.copiesMin.most]).toEqual([[false], 0, 1, 0]);
  expect([truth.least.liar_missing, truth.least.unreachable, truth.least.leecher]).toEqual([1, 2, 1]);
});

test('what only a liar, a choker or a super-seeder has may be seen or not', () => {
  const half = peer('leecher', { has: 5, order: up });
  for (const kind of ['choker', 'super_seeder'] as const) {
    expect(swarmTruth([half, peer(kind)], 0, 1).completable).toEqual([false, true]);
  }
  expect(swarmTruth([half, peer('liar_silent', { has: 6, order: down })], 0, 1).completable).toEqual([false, true]);
  expect(swarmTruth([half, peer('liar_silent', { has: 4, order: down })], 0, 1).completable).toEqual([false]);
});

test('completable changes when the last piece comes', () => {
  const moving = peer('progressing', { has: 9, order: up, progress: { startMs: 0, everyMs: 100, limit: 10 } });
  expect(swarmTruth([moving], 0, 50).completable).toEqual([false]);
  expect(swarmTruth([moving], 0, 150).completable).toEqual([false, true]);
});
