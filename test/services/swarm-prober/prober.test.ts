// The prober without sockets: censuses begin and end, the two names of a hybrid become one swarm wherever they stand, and nothing stays unsettled.
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Event, EventOf } from '@swarmscope/events/event.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { parseTakedown, Takedown } from '@swarmscope/runtime/takedown.ts';
import type { Agenda } from '@swarmscope/swarm-prober/agenda.ts';
import { Prober } from '@swarmscope/swarm-prober/prober.ts';
import type { Probes } from '@swarmscope/swarm-prober/probes.ts';
import { Publisher } from '@swarmscope/swarm-prober/publish.ts';
import { Scores } from '@swarmscope/swarm-prober/scores.ts';
import { DEFAULT_BUDGETS, LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { Share } from '@swarmscope/swarm-prober/share.ts';
import { describe, expect, test } from 'vitest';

const content = new Content({
  name: 'Twin',
  seed: 1,
  pieceBytes: 16_384,
  files: [{ path: 'a.bin', bytes: 50_000 }],
  private: false,
  version: 'hybrid',
  trackers: [],
});
const [v1, v2] = content.wireHashes.map(toHex) as [string, string];
const other = 'cc'.repeat(20);

/** A prober whose clock a test moves; nobody answers it. */
function make(takedown = new Takedown(), share = new Share(() => 0)) {
  const clock = new ManualClock(1_000);
  const events: Event[] = []; // bound: one test
  const asked: string[] = []; // bound: one test
  const bus = {
    publish(event: Event) {
      events.push(event);
      return 'queued' as const;
    },
  };
  const naming = { epoch: 1, peerKey: () => 'aa'.repeat(8), addressKey: () => 'bb'.repeat(8) };
  if (!share.isSettled) share.assigned([0]);
  share.settle();
  const prober = new Prober({
    clock,
    random: seededRandom(1),
    agenda: { set() {} } as unknown as Agenda,
    publisher: new Publisher({ bus, clock, naming, network: 'lab', instanceId: 'test', addresses: 'pseudonymous', takedown }),
    scores: new Scores(),
    share,
    times: LAB_TIMES,
    budgets: DEFAULT_BUDGETS,
    admits: () => true,
    refuses: (infoHash) => takedown.has(infoHash),
    isOwnEndpoint: () => false,
    verify: 'all',
    announce: 'none',
    reachableSelf: () => undefined,
    room: async () => {},
    onInvariant: raiseInvariant,
  });
  const probes = { hasRoom: false, learn() {}, finish() {}, adopt() {}, offer() {} };
  prober.connect(probes as unknown as Probes, {
    isBusy: () => false,
    want: () => true,
    ask: (view) => void asked.push(toHex(view.infoHash)),
    reached() {},
    hush() {},
    end() {},
  });
  /** Lets time pass; censuses start in a microtask, since they wait for the bus. */
  const pass = async (ms: number) => {
    clock.advance(ms);
    prober.pump();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    prober.pump();
  };
  const of = <T extends Event['topic']>(topic: T) => events.filter((event): event is EventOf<T> => event.topic === topic);
  return { prober, asked, pass, of };
}

const resolve = ({ prober }: ReturnType<typeof make>, name: string) => {
  const view = prober.swarm(name).views.find((each) => toHex(each.infoHash) === name)!;
  prober.metadata(view, content.info);
};

test('a swarm that was met has its census, is summed up, and is due again', async () => {
  const { prober, asked, pass, of } = make();
  prober.met(other);
  expect(prober.isSettled).toBe(false);
  await pass(2_000);
  expect([asked, prober.active]).toEqual([[other], 1]);
  await pass(LAB_TIMES.censusMinMs);
  expect([prober.active, prober.isSettled, prober.schedule.size]).toEqual([0, true, 1]);
  expect(of('swarm_sampled')).toMatchObject([{ swarm_id: other, endpoints_known: 0, completable: null }]);
  expect(of('probe_state')).toMatchObject([{ swarm_id: other, last_outcome: 'nobody', censuses: 1 }]);
  await pass(LAB_TIMES.metIntervalMs);
  expect(asked).toEqual([other, other]);
});

test.each([
  ['both under way, v1 resolved', [v1, v2], v1],
  ['both under way, v2 resolved', [v2, v1], v2],
  ['only v2 known', [v2], v2],
])('a hybrid is one swarm: %s', async (_, met, resolved) => {
  const made = make();
  const { prober, asked, pass, of } = made;
  for (const name of met) prober.met(name);
  await pass(2_000);
  resolve(made, resolved);
  expect(new Set(asked)).toEqual(new Set([v1, v2]));
  expect([prober.active, prober.schedule.size, prober.swarm(v1) === prober.swarm(v2)]).toEqual([1, 1, true]);
  prober.met(v2);
  await pass(LAB_TIMES.censusMinMs);
  expect(of('swarm_sampled').map((event) => event.swarm_id)).toEqual([v1]);
  expect(of('torrent_resolved').map((event) => [event.swarm_id, event.alias_of])).toEqual([
    [v1, null],
    [v2, v1],
  ]);
  prober.met(v2);
  expect([prober.isSettled, prober.schedule.size]).toEqual([true, 1]);
});

test('the other name waits in the schedule when the first is resolved', async () => {
  const made = make();
  const { prober, pass, of } = made;
  prober.met(v1);
  await pass(2_000);
  prober.met(v2, 10_000_000);
  resolve(made, v1);
  await pass(LAB_TIMES.censusMinMs);
  expect([prober.isSettled, prober.schedule.size, of('swarm_sampled').length]).toEqual([true, 1, 1]);
});

describe('the takedown list', () => {
  const listOf = (text: string) => {
    const takedown = new Takedown();
    takedown.replace(parseTakedown(text));
    return takedown;
  };

  test('what is on it is not asked for, watched or not, and nothing is told of it', async () => {
    const { prober, asked, pass, of } = make(listOf(`${other}\n${v1}`));
    prober.met(other);
    const swarm = prober.swarm(v1);
    swarm.watched = true;
    prober.want(swarm);
    prober.met('dd'.repeat(20));
    await pass(2_000);
    await pass(LAB_TIMES.censusMinMs);
    expect(asked).toEqual(['dd'.repeat(20)]);
    expect(of('swarm_sampled').map((event) => event.swarm_id)).toEqual(['dd'.repeat(20)]);
    expect([prober.isSettled, prober.schedule.size]).toEqual([true, 1]);
  });

  test('a torrent whose name is on it is left as soon as the name is known, under both its infohashes, and stays unnamed', async () => {
    const made = make(listOf('name tw*'));
    const { prober, asked, pass, of } = made;
    prober.met(v2);
    await pass(2_000);
    expect(prober.active).toBe(1);
    resolve(made, v2);
    await pass(1);
    expect([prober.active, prober.schedule.size, prober.viewOf(content.wireHashes[0]!)]).toEqual([0, 0, undefined]);
    const before = asked.length;
    for (const name of [v1, v2]) prober.met(name);
    await pass(10_000_000);
    expect(asked).toHaveLength(before);
    expect([of('torrent_resolved'), of('swarm_sampled'), of('probe_state')]).toEqual([[], [], []]);
  });

  test('a list that changes ends what is under way and empties the schedule', async () => {
    const takedown = new Takedown();
    const { prober, pass, of } = make(takedown);
    for (const name of [v1, other]) prober.met(name);
    await pass(2_000);
    prober.met('dd'.repeat(20), 10_000_000);
    takedown.replace(parseTakedown(`${v1}\n${'dd'.repeat(20)}`));
    prober.schedule.purge();
    await pass(1);
    expect([prober.active, prober.schedule.size]).toEqual([1, 1]);
    await pass(LAB_TIMES.censusMinMs);
    expect(of('swarm_sampled').map((event) => event.swarm_id)).toEqual([other]);
  });
});

test('what the operator has is no reason to probe', async () => {
  const { prober, pass } = make();
  const swarm = prober.swarm(v2);
  swarm.isKept = true;
  prober.alsoNamed(swarm, v1);
  await pass(5_000);
  expect([prober.active, prober.schedule.size, prober.isSettled]).toEqual([0, 0, true]);
});

test('a census that is cut short has no figures, and is due at once', async () => {
  const { prober, pass, of } = make();
  prober.met(other);
  await pass(2_000);
  prober.stop();
  expect([of('swarm_sampled').length, of('probe_state')]).toMatchObject([0, [{ last_outcome: 'cut' }]]);
});

describe('a share of the swarms', () => {
  /** Partition 1 has the v1 name, partition 0 the others. */
  const shareOf = (...partitions: number[]) => {
    const share = new Share((infoHash) => (infoHash === v1 ? 1 : 0));
    share.assigned(partitions);
    share.settle();
    return share;
  };

  test("a hybrid whose v1 name is somebody else's is told of and left to him, also under a first look", async () => {
    const made = make(undefined, shareOf(0));
    const { prober, pass, of } = made;
    prober.met(v1);
    expect(prober.schedule.size).toBe(0);
    prober.met(v2);
    await pass(2_000);
    expect(prober.active).toBe(1);
    resolve(made, v2);
    expect([prober.active, prober.schedule.size, prober.isSettled]).toEqual([0, 0, true]);
    expect(of('torrent_resolved')).toMatchObject([
      { swarm_id: v1, alias_of: null },
      { swarm_id: v2, alias_of: v1 },
    ]);
    expect(of('infohash_sighted')).toMatchObject([{ info_hash: v1, way: 'watch', reporter_key: null }]);
    expect(of('probe_state')).toMatchObject([{ swarm_id: v2, last_outcome: 'alias' }]);
    expect(of('swarm_sampled')).toEqual([]);
    prober.met(v2);
    expect(prober.schedule.size).toBe(0);
  });

  test('what is taken away is cut short and forgotten; between two assignments nothing is started', async () => {
    const share = shareOf(0, 1);
    const { prober, pass, asked, of } = make(undefined, share);
    prober.met(v1);
    prober.met(other);
    await pass(2_000);
    expect(prober.active).toBe(2);
    share.revoked();
    prober.met('dd'.repeat(20));
    await pass(2_000);
    expect([prober.active, prober.schedule.size]).toEqual([2, 3]);
    expect(share.assigned([0])).toEqual({ gained: new Set(), isLess: true });
    prober.disown();
    share.settle();
    expect([prober.active, prober.schedule.size]).toEqual([1, 2]);
    expect(of('probe_state')).toEqual([]);
    await pass(10);
    expect(asked).toEqual([v1, other, 'dd'.repeat(20)]);
  });
});
