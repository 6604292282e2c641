// What comes over the bus: a restart goes on where the last process stopped, the watch list comes first, what is met follows.
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { makeEvent } from '@swarmscope/events/event.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import type { Prober } from '@swarmscope/swarm-prober/prober.ts';
import { Scores } from '@swarmscope/swarm-prober/scores.ts';
import { ProbedSwarm } from '@swarmscope/swarm-prober/swarm.ts';
import { followBus } from '@swarmscope/swarm-prober/watching.ts';
import { expect, test } from 'vitest';

const [A, B, C, D] = ['aa', 'bb', 'cc', 'dd'].map((byte) => byte.repeat(20)) as [string, string, string, string];

/** Records what it is told. */
function recorder() {
  const calls: unknown[][] = []; // bound: one test
  const swarms = new Map<string, ProbedSwarm>(); // bound: one test
  const prober = {
    swarm(id: string) {
      const swarm = swarms.get(id) ?? new ProbedSwarm(id);
      swarms.set(id, swarm);
      return swarm;
    },
    want: (swarm: ProbedSwarm, ...rest: unknown[]) => calls.push(['want', swarm.id.slice(0, 2), ...rest]),
    met: (id: string, ...rest: unknown[]) => calls.push(['met', id.slice(0, 2), ...rest]),
    unwatch: (id: string) => calls.push(['unwatch', id.slice(0, 2)]),
    alsoNamed: (swarm: ProbedSwarm, id: string) => calls.push(['alsoNamed', swarm.id.slice(0, 2), id.slice(0, 2)]),
  };
  return { calls, swarms, prober: prober as unknown as Prober };
}

test('state and watch list are read first, then both topics are followed', async () => {
  const clock = new ManualClock(1_000);
  const stamp = { ts: clock.wall(), instance_id: 'other', network: 'lab' };
  const watched = (swarm_id: string, more: object = {}) =>
    makeEvent(
      'torrent_watched',
      { swarm_id, set: 1, labels: {}, objectives: {}, verify: 1, announce: 0, prefixes_excluded: ['10.0.0.0/8'], ...more },
      stamp,
    );
  const state = (swarm_id: string, dueInMs: number) =>
    makeEvent(
      'probe_state',
      {
        swarm_id,
        next_due: clock.wall() + dueInMs,
        backoff_s: 0,
        censuses: 4,
        key_epoch: 1,
        scores: [{ peer_key: '11'.repeat(8), challenges_passed: 3, challenges_failed: 1, challenges_silent: 0 }],
        scores_total: 1,
      },
      stamp,
    );
  const bus = new MemoryBus();
  for (const event of [state(A, 1), watched(A), state(A, 5_000), state(B, -5_000), watched(C), watched(C, { set: 0 })])
    bus.publish(event);

  const { calls, swarms, prober } = recorder();
  const scores = new Scores();
  const consumptions = await followBus({ bus, prober, scores, clock, instanceId: 'test' });
  expect(calls.slice(0, 4)).toEqual([
    ['want', 'aa', 6_000, 4],
    ['unwatch', 'cc'],
    ['met', 'aa', 6_000, 4],
    ['met', 'bb', 1_000, 4],
  ]);
  expect(swarms.get(A)).toMatchObject({
    watched: true,
    wantsVerify: true,
    wantsAnnounce: false,
    prefixesExcluded: ['10.0.0.0/8'],
  });
  expect([scores.hasFailed(A, '11'.repeat(8)), scores.hasFailed(C, '11'.repeat(8))]).toEqual([true, false]);

  calls.length = 0;
  bus.publish(makeEvent('infohash_sighted', { info_hash: D, way: 'sample', key_epoch: 1, family: 4, confirmed: 1 }, stamp));
  bus.publish(watched(B, { info_hash_v2: 'ee'.repeat(32) }));
  await expect.poll(() => calls.filter(([, id]) => id === 'dd' || id === 'bb')).toHaveLength(3);
  expect(calls).toContainEqual(['met', 'dd']);
  expect(calls).toContainEqual(['alsoNamed', 'bb', 'ee']);
  expect(calls).toContainEqual(['want', 'bb', undefined, undefined]);
  for (const consumption of consumptions) await consumption.stop();
});
