// Holes by table: whom we ask to introduce us, what its answers and silence come to, whom we introduce, what a stranger's order does; and what we say by PEX.
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { HolepunchMessage } from '@swarmscope/bittorrent/peer/holepunch.ts';
import { peerPriority } from '@swarmscope/bittorrent/peer/priority.ts';
import type { Task } from '@swarmscope/swarm-prober/agenda.ts';
import { Census } from '@swarmscope/swarm-prober/census.ts';
import { Holepunch, type PunchShell } from '@swarmscope/swarm-prober/holepunch.ts';
import { introductions } from '@swarmscope/swarm-prober/introductions.ts';
import type { Live } from '@swarmscope/swarm-prober/live.ts';
import { Peer } from '@swarmscope/swarm-prober/peer.ts';
import { LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { describe, expect, test } from 'vitest';

const END = { type: 'closed', outcome: 'timeout', ending: 'remote', bytesDown: 0, bytesUp: 0, useless: new Map() } as const;
const HOLE = 0x08;
const at = (host: number): Endpoint => ({ address: `192.0.2.${host}`, port: 6881 });
const key = (live: Live) => `${live.peer.endpoint.address}:${live.peer.endpoint.port}`;

function setUp() {
  const said: { to: string; message: HolepunchMessage }[] = []; // bound: one test
  const done: string[] = []; // bound: one test
  const tasks = new Map<Task, number>(); // bound: one test
  const lives: Live[] = []; // bound: one test
  const home = {};
  const shell: PunchShell = {
    agenda: { set: (task: Task, dueMs: number) => void tasks.set(task, dueMs) } as unknown as PunchShell['agenda'],
    now: () => 0,
    others: (live) => lives.filter((each) => each !== live && each.session.isTalking),
    dial: (live) => void done.push(`dial ${key(live)}`),
    giveUp: (live, end) => void done.push(`give up ${key(live)} ${end.outcome}`),
    preferUtp: (endpoint) => void done.push(`prefer utp ${endpoint.address}`),
    learned: (_, endpoint) => void done.push(`learned ${endpoint.address}`),
  };
  const live = (host: number, talking: boolean, options: Partial<Peer> = {}): Live => {
    const peer = Object.assign(new Peer(at(host)), { transport: 'utp', extensions: ['ut_holepunch'] }, options);
    const session = {
      isTalking: talking,
      sendHolepunch: (message: HolepunchMessage) => said.push({ to: peer.endpoint.address, message }) > 0,
    };
    const conversation = {
      remote: peer.endpoint,
      act: (action: (...values: unknown[]) => unknown) => action(session, 0, undefined),
      abort: () => void done.push(`abort ${peer.endpoint.address}`),
    };
    const made = { peer, session, conversation, view: { home }, isPunched: false } as unknown as Live;
    lives.push(made);
    return made;
  };
  const wait = (now: number) => {
    for (const [task, dueMs] of tasks) if (dueMs <= now && tasks.delete(task)) task.run(now);
  };
  return { punch: new Holepunch(shell), live, said, done, wait };
}

/** A relay has named 192.0.2.9 with the flag, and the dial of it has failed. */
function asked(relayOptions: Partial<Peer> = {}) {
  const world = setUp();
  const relay = world.live(1, true, relayOptions);
  const dialled = world.live(9, false);
  world.punch.told(relay, [{ endpoint: at(9), flags: HOLE }]);
  const begun = world.punch.begin(dialled, END, 0);
  return { ...world, relay, dialled, begun };
}
const message = (type: HolepunchMessage['type'], host: number): HolepunchMessage => ({
  type,
  endpoint: at(host),
  error: type === 'error' ? 'not_connected' : 'none',
});

describe('as initiator', () => {
  test('the relay is asked, and its connect is followed by a uTP dial; once', () => {
    const { punch, relay, dialled, begun, said, done } = asked();
    expect(begun).toBe(true);
    expect(said).toEqual([{ to: '192.0.2.1', message: message('rendezvous', 9) }]);
    punch.take(relay, message('connect', 9), 10);
    punch.take(relay, message('connect', 9), 11);
    expect(done.filter((each) => each.startsWith('dial'))).toEqual(['dial 192.0.2.9:6881']);
    expect(punch.begin(dialled, END, 20)).toBe(false);
    expect(said).toHaveLength(1);
  });

  test.each([
    ['its error', (world: ReturnType<typeof asked>) => world.punch.take(world.relay, message('error', 9), 10)],
    ['its silence', (world: ReturnType<typeof asked>) => world.wait(5_000)],
  ])('%s ends the dial as it was', (_, step) => {
    const world = asked();
    step(world);
    expect(world.done).toEqual(['give up 192.0.2.9:6881 timeout']);
  });

  test('the answer of somebody else is none', () => {
    const { punch, live, done } = asked();
    punch.take(live(2, true), message('error', 9), 10);
    expect(done).toEqual([]);
  });

  test('the peer that was told to dial us is the one that we dialled', () => {
    const { punch, relay, dialled, live, done } = asked();
    dialled.peer.sources.set('pex', 'who');
    punch.take(relay, message('connect', 9), 10);
    const arrived = live(9, true);
    punch.arrived(arrived, 20);
    expect(arrived.peer.holepunch).toBe(true);
    expect(arrived.peer.sources.get('pex')).toBe('who');
    expect(done).toEqual(['dial 192.0.2.9:6881', 'abort 192.0.2.9']);
  });

  test('a relay that is met over TCP sees another port: it is met over uTP next time', () => {
    const { begun, done, said } = asked({ transport: 'tcp' });
    expect([begun, said.length]).toEqual([false, 0]);
    expect(done).toEqual(['prefer utp 192.0.2.1']);
  });

  test('without the flag nobody is asked, and no more than the budget allows', () => {
    const { punch, live, said } = setUp();
    const relay = live(1, true);
    punch.told(relay, [{ endpoint: at(9), flags: 0 }]);
    expect(punch.begin(live(9, false), END, 0)).toBe(false);
    for (let host = 100; host < 200; host++) {
      punch.told(relay, [{ endpoint: at(host), flags: HOLE }]);
      punch.begin(live(host, false), END, 0);
    }
    expect(said).toHaveLength(40);
  });
});

describe('as relay', () => {
  test('both are told of each other', () => {
    const { punch, live, said } = setUp();
    const [one] = [live(1, true), live(2, true)];
    punch.take(one, message('rendezvous', 2), 0);
    expect(said).toEqual([
      { to: '192.0.2.2', message: message('connect', 1) },
      { to: '192.0.2.1', message: message('connect', 2) },
    ]);
  });

  test.each([
    ['itself', 1, {}, 'no_self'],
    ['nobody we talk to', 7, {}, 'not_connected'],
    ['who knows no holes', 2, { extensions: [] }, 'no_support'],
  ])('to %s: an error', (_, host, options, error) => {
    const { punch, live, said } = setUp();
    const [one] = [live(1, true), live(2, true, options)];
    punch.take(one, message('rendezvous', host), 0);
    expect(said).toEqual([{ to: '192.0.2.1', message: { type: 'error', endpoint: at(host), error } }]);
  });
});

test('as target: the endpoint is learned and dialled over uTP first, within the budget', () => {
  const { punch, live, done } = setUp();
  const relay = live(1, true);
  for (let i = 0; i < 100; i++) punch.take(relay, message('connect', 9), 0);
  expect(done).toEqual(Array.from({ length: 40 }, () => 'learned 192.0.2.9'));
});

test('peers are told of whom we reached, and of who dialled us only where we can punch a hole to it', () => {
  const census = new Census('00', LAB_TIMES, 100, 0);
  const add = (host: number, options: Partial<Peer>) => {
    const peer = Object.assign(
      census.sight(at(host), { source: 'given' })!,
      { outcome: 'handshaken', state: 'talking' },
      options,
    );
    return peer;
  };
  const to = add(1, {});
  add(2, { encryption: 'mse_rc4' });
  add(3, { transport: 'utp', extensions: ['ut_holepunch'] });
  add(4, { direction: 'in', transport: 'utp', extensions: ['ut_holepunch'] });
  add(5, { direction: 'in' });
  add(6, { outcome: 'timeout' });
  expect(introductions(census, to)).toEqual([
    { endpoint: at(2), flags: 0x01 | 0x10 },
    { endpoint: at(3), flags: 0x04 | 0x08 | 0x10 },
    { endpoint: at(4), flags: 0x04 | 0x08 },
  ]);
});

test('of more than fifty those are told whose connection with the peer has the highest priority', () => {
  const census = new Census('00', LAB_TIMES, 100, 0);
  const handshaken = { outcome: 'handshaken', state: 'talking' } as const;
  for (let host = 1; host <= 60; host++) Object.assign(census.sight(at(host), { source: 'given' })!, handshaken);
  const to = census.peers.get('192.0.2.1:6881')!;
  const told = introductions(census, to).map(({ endpoint }) => peerPriority(endpoint, to.endpoint)!);
  expect(told).toHaveLength(50);
  const all = [...census.peers.values()].filter((peer) => peer !== to).map((peer) => peerPriority(peer.endpoint, to.endpoint)!);
  expect(told).toEqual(all.sort((a, b) => b - a).slice(0, 50));
});
