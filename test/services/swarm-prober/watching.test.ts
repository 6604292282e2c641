// What comes over the bus: a restart goes on where the last process stopped, the watch list comes first, what is met follows.
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { makeEvent } from '@swarmscope/events/event.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { Aliases } from '@swarmscope/swarm-prober/aliases.ts';
import type { Prober } from '@swarmscope/swarm-prober/prober.ts';
import { Scores } from '@swarmscope/swarm-prober/scores.ts';
import { Share } from '@swarmscope/swarm-prober/share.ts';
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
    pump: () => {},
    disown: () => calls.push(['disown']),
    aliases: new Aliases(),
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
      {
        swarm_id,
        set: 1,
        labels: {},
        objectives: {},
        verify: 1,
        announce: 0,
        prefixes_excluded: ['10.0.0.0/8'],
        maintenance: [],
        ...more,
      },
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
  const share = new Share((infoHash) => bus.partitionOf('infohash_sighted', infoHash));
  const consumptions = await followBus({ bus, prober, scores, share, clock, instanceId: 'test' });
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

test('three probers divide what is met and watched, each swarm with one of them; who comes and goes changes only the owner, and its state goes with it', async () => {
  const bus = new MemoryBus({ partitions: 8 });
  const clock = new ManualClock(1_000);
  const stamp = { ts: clock.wall(), instance_id: 'crawler', network: 'lab' };
  const all = Array.from({ length: 60 }, (_, i) => (i + 16).toString(16).repeat(20));
  const watch = all[0]!;
  const members: { calls: unknown[][]; share: Share; stop(): Promise<void> }[] = [];
  const join = async (name: string) => {
    const { calls, prober } = recorder();
    const share = new Share((infoHash) => bus.partitionOf('infohash_sighted', infoHash));
    const mine = await followBus({ bus, prober, scores: new Scores(), share, clock, instanceId: name });
    const stop = async () => {
      members.splice(members.indexOf(member), 1);
      for (const consumption of mine) await consumption.stop();
    };
    const member = { calls, share, stop };
    members.push(member);
    return member;
  };
  const meet = () => {
    for (const info_hash of all)
      bus.publish(makeEvent('infohash_sighted', { info_hash, way: 'sample', key_epoch: 1, family: 4, confirmed: 0 }, stamp));
  };
  const tell = (kind: string) =>
    members.map(({ calls }) => calls.filter(([what]) => what === kind).map(([, id]) => id as string));
  const owners = () => all.map((id) => members.filter(({ share }) => share.isSettled && share.owns(id)).length);

  const first = await join('a');
  await join('b');
  await join('c');
  expect(new Set(owners())).toEqual(new Set([1]));
  expect(first.calls).toContainEqual(['disown']);
  const entry = { swarm_id: watch, labels: {}, objectives: {}, verify: 1, announce: 0 } as const;
  bus.publish(makeEvent('torrent_watched', { ...entry, set: 1, prefixes_excluded: [], maintenance: [] }, stamp));
  meet();
  await expect.poll(() => tell('met').flat()).toHaveLength(60);
  expect(new Set(tell('met').flat())).toEqual(new Set(all.map((id) => id.slice(0, 2))));
  for (const ids of tell('met')) expect(ids.length).toBeGreaterThan(5);
  await expect.poll(() => tell('want').flat()).toEqual([watch.slice(0, 2)]);

  const state = { next_due: clock.wall() + 7_000, backoff_s: 0, censuses: 2, key_epoch: 1, scores: [], scores_total: 0 };
  for (const swarm_id of all) bus.publish(makeEvent('probe_state', { swarm_id, ...state }, stamp));
  const ownerOf = (id: string) => members.find(({ share }) => share.owns(id));
  const before = new Map(all.map((id) => [id, ownerOf(id)]));
  const gone = ownerOf(watch)!;
  for (const { calls } of members) calls.length = 0;
  await gone.stop();
  expect(new Set(owners())).toEqual(new Set([1]));
  // What the others had stays as it was; what came has the state that its owner left.
  const taken = members.flatMap(({ calls }) => calls.filter(([what]) => what === 'met'));
  expect(taken.length).toBe(all.filter((id) => before.get(id) !== ownerOf(id)).length);
  for (const [, , dueMs, censuses] of taken) expect([dueMs, censuses]).toEqual([clock.now() + 7_000, 2]);
  expect(tell('want').flat()).toEqual([watch.slice(0, 2)]);
  for (const member of [...members]) await member.stop();
});
