// The plan for one node and the judgement over it, case by case.
import { judge } from '@swarmscope/dht-crawler/judge.ts';
import { CrawlNode } from '@swarmscope/dht-crawler/nodes.ts';
import { nextVisit, planLook, planRefused } from '@swarmscope/dht-crawler/visits.ts';
import { describe, expect, test } from 'vitest';

function node(set: Partial<CrawlNode> = {}): CrawlNode {
  return Object.assign(new CrawlNode(new Uint8Array(20), '10.0.0.1', 1), set);
}
const visitOf = (of: CrawlNode) => nextVisit(of)?.visit;
const sampled: Partial<CrawlNode> = { met: true, answers: 1, bep51: true, looks: 1, num: 10 };

describe('visits', () => {
  test('a listed node is sampled first, and asked simply when it does not answer', () => {
    expect(visitOf(node())).toBe('sample');
    expect(visitOf(node({ failures: 1, deafLooks: 1 }))).toBe('find');
    expect(nextVisit(node({ failures: 2 }))).toBeUndefined();
    expect(visitOf(node({ met: true, finds: 1, deafLooks: 1 }))).toBe('sample');
    expect(visitOf(node({ met: true, finds: 1, deafLooks: 2, bep51: false }))).toBe('control');
    expect(visitOf(node({ met: true, bep51: false }))).toBe('find');
  });

  test('then the control question, the check of a sample, and more looks', () => {
    const sample = new Uint8Array(40);
    expect(visitOf(node(sampled))).toBe('control');
    expect(visitOf(node({ ...sampled, control: true, sample }))).toBe('check');
    expect(visitOf(node({ ...sampled, control: true, sample, checks: 1, failedChecks: 1 }))).toBe('check');
    expect(visitOf(node({ ...sampled, control: true, sample, checks: 2, failedChecks: 2 }))).toBe('sample');
    expect(nextVisit(node({ ...sampled, control: true }))).toEqual({ visit: 'sample', atMs: 0, open: true });
    expect(nextVisit(node({ ...sampled, bep51: false, finds: 1, control: true }))).toBeUndefined();
  });

  test('who is condemned is left alone', () => {
    expect(nextVisit(node({ verdict: 'fake_nodes' }))).toBeUndefined();
    expect(visitOf(node({ verdict: 'ok' }))).toBe('sample');
  });

  test('an interval is honoured, whatever else; beyond six hours it is six', () => {
    for (const [intervalS, waitMs] of [
      [1, 2_000],
      [21_600, 21_601_000],
      [2 ** 31, 21_601_000],
    ] as const) {
      const of = node({ ...sampled, looks: 0, control: true, intervalS, num: 5_000 });
      planLook(of, 20, 20, 1, 40, 1_000);
      expect(nextVisit(of)).toEqual({ visit: 'sample', atMs: 1_000 + waitMs, open: false });
    }
  });

  test('without an interval a store is looked at until it is quiet for 1.2 times its size', () => {
    const of = node({ ...sampled, looks: 0, control: true, intervalS: 0, num: 100 });
    let draw = 0;
    planLook(of, 20, 20, ++draw, 40, 0);
    for (let look = 0; look < 5; look++) {
      expect(nextVisit(of)).toEqual({ visit: 'sample', atMs: 0, open: true });
      planLook(of, 20, 0, ++draw, 40, 0);
    }
    expect(of.lookMs).toBe(0);
    planLook(of, 20, 0, ++draw, 40, 0);
    expect(nextVisit(of)).toEqual({ visit: 'sample', atMs: 120_000, open: false });
    planLook(of, 20, 0, ++draw, 40, 120_000);
    expect(of.lookMs).toBe(360_000);
    planLook(of, 20, 1, ++draw, 40, 360_000);
    expect(of.quiet).toBe(0);
  });

  test('the same draw again is no evidence: a second later there is another', () => {
    const of = node({ ...sampled, looks: 0, control: true, intervalS: 0, num: 100 });
    planLook(of, 20, 20, 7, 40, 0);
    for (let look = 0; look < 10; look++) planLook(of, 20, 0, 7, 40, 100);
    expect(of.quiet).toBe(0);
    expect(nextVisit(of)).toEqual({ visit: 'sample', atMs: 1_150, open: true });
  });

  test('a store shown whole is looked at once, a bottomless one sixty times', () => {
    const small = node({ ...sampled, looks: 0, intervalS: 0, num: 12 });
    planLook(small, 12, 12, 1, 40, 0);
    expect(small.settled).toBe(true);
    const bottomless = node({ ...sampled, looks: 0, intervalS: 0, num: 100_000 });
    for (let look = 0; look < 59; look++) planLook(bottomless, 20, 20, look, 40, 0);
    expect(bottomless.settled).toBe(false);
    planLook(bottomless, 20, 20, 99, 40, 0);
    expect(bottomless.settled).toBe(true);
  });

  test('a refusal is an answer: alive, and not asked that again', () => {
    const of = node({ failures: 1 });
    planRefused(of, 'sample', 0);
    expect([of.failures, of.bep51, visitOf(of)]).toEqual([0, false, 'find']);
    planRefused(of, 'find', 0);
    planRefused(of, 'control', 0);
    expect(nextVisit(of)).toBeUndefined();
    const later = node({ ...sampled, control: true });
    planRefused(later, 'sample', 5);
    expect(nextVisit(later)?.atMs).toBe(3_600_005);
  });
});

describe('judgement', () => {
  test.each([
    ['nothing known', {}, undefined],
    ['answered', { met: true }, 'ok'],
    ['unanswered once', { failures: 1 }, undefined],
    ['unanswered twice', { failures: 2 }, 'silent'],
    ['unanswered three times after an answer', { met: true, failures: 3 }, 'ok'],
    ['unanswered four times after an answer', { met: true, failures: 4 }, 'silent'],
    ['another id once', { met: true, mismatches: 1 }, 'ok'],
    ['another id twice', { mismatches: 2 }, 'id_mismatch'],
    ['peers for what does not exist', { met: true, inventsPeers: true }, 'fake_peers'],
    ['one sample expired', { met: true, checks: 2, failedChecks: 1 }, 'ok'],
    ['two samples unknown to itself', { met: true, checks: 2, failedChecks: 2 }, 'fake_samples'],
    ['some wrong contacts', { met: true, right: 20, wrong: 12 }, 'ok'],
    ['mostly wrong contacts', { met: true, right: 3, wrong: 8 }, 'fake_nodes'],
    ['a crowd at its own host, twice', { met: true, crowds: 2 }, 'sybil'],
    ['junk once among many answers', { met: true, answers: 9, malformed: 1 }, 'ok'],
    ['junk again and again', { met: true, answers: 5, malformed: 2 }, 'malformed'],
    ['a negative interval', { met: true, intervalS: -2 }, 'malformed'],
    ['no interval', { met: true, intervalS: -1 }, 'ok'],
    ['an interval beyond BEP 51', { met: true, intervalS: 2 ** 31 }, 'malformed'],
    ['late answers', { met: true, answers: 2, timeouts: 5, unasked: 5 }, 'ok'],
    ['answers to nothing', { met: true, answers: 4, unasked: 8 }, 'malformed'],
    ['a flood of queries', { met: true, answers: 4, flooding: true }, 'malformed'],
  ] as const)('%s', (_, set, verdict) => {
    expect(judge(node(set))).toBe(verdict);
  });
});
