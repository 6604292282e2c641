// Dial budgets: per host and in all, rate and number, and a bound on hosts remembered.
import { HostBudget, hostOf, type Permit } from '@swarmscope/runtime/host-budget.ts';
import { expect, test } from 'vitest';

const options = { hostPerSecond: 1, hostBurst: 2, hostConcurrent: 10, perSecond: 100, burst: 50, concurrent: 100, hostsMax: 10 };
const isPermit = (answer: Permit | number): answer is Permit => typeof answer !== 'number';

test('a host: a burst, then its rate; another host is not touched', () => {
  const budget = new HostBudget(options, 0);
  expect([budget.take('1.1.1.1', 0), budget.take('1.1.1.1', 0)].every(isPermit)).toBe(true);
  expect(budget.take('1.1.1.1', 0)).toBe(1_000);
  expect(budget.take('1.1.1.1', 400)).toBe(1_000);
  expect(isPermit(budget.take('1.1.1.2', 400))).toBe(true);
  expect(isPermit(budget.take('1.1.1.1', 1_000))).toBe(true);
});

test('an IPv6 host is a /64', () => {
  expect(hostOf('2001:db8::1')).toBe(hostOf('2001:db8:0:0:ffff::2'));
  expect(hostOf('2001:db8:0:1::1')).not.toBe(hostOf('2001:db8::1'));
  const budget = new HostBudget({ ...options, hostBurst: 1 }, 0);
  expect(isPermit(budget.take('2000::1', 0))).toBe(true);
  expect(budget.take('2000::2', 0)).toBe(1_000);
});

test('in all: a rate, and places that are given back once', () => {
  const budget = new HostBudget({ ...options, burst: 3, concurrent: 2 }, 0);
  const first = budget.take('1.1.1.1', 0) as Permit;
  budget.take('1.1.1.2', 0);
  expect(budget.take('1.1.1.3', 0)).toBe(Number.POSITIVE_INFINITY);
  first.release();
  first.release();
  expect(budget.open).toBe(1);
  expect(isPermit(budget.take('1.1.1.3', 0))).toBe(true);
  budget.take('1.1.1.4', 5) as Permit | number;
  expect(budget.open).toBe(2);
});

test('the global rate says when', () => {
  const budget = new HostBudget({ ...options, burst: 1, perSecond: 10 }, 0);
  budget.take('1.1.1.1', 0);
  expect(budget.take('1.1.1.2', 0)).toBe(100);
  expect(isPermit(budget.take('1.1.1.2', 100))).toBe(true);
});

test('one host has so many at once', () => {
  const budget = new HostBudget({ ...options, hostBurst: 5, hostConcurrent: 1 }, 0);
  const permit = budget.take('1.1.1.1', 0) as Permit;
  expect(budget.take('1.1.1.1', 0)).toBe(Number.POSITIVE_INFINITY);
  permit.release();
  expect(isPermit(budget.take('1.1.1.1', 0))).toBe(true);
});

test('hosts remembered are bounded; one with a debt is not forgotten', () => {
  const budget = new HostBudget(options, 0);
  const permits = Array.from({ length: 10 }, (_, i) => budget.take(`1.1.1.${i}`, 0) as Permit);
  expect(budget.take('2.2.2.2', 0)).toBe(Number.POSITIVE_INFINITY);
  for (const permit of permits) permit.release();
  expect(budget.take('2.2.2.2', 0)).toBe(Number.POSITIVE_INFINITY);
  expect(isPermit(budget.take('2.2.2.2', 2_000))).toBe(true);
  expect(budget.hosts).toBeLessThanOrEqual(10);
});
