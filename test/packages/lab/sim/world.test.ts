// The simulated world: order, latency, loss, NAT, timers, replay; and the referee that watches in it.
import { type Encodable, encode } from '@swarmscope/bittorrent/bencode.ts';
import type { Endpoint, Machine, Out } from '@swarmscope/bittorrent/machine.ts';
import { DHT_BEHAVIOURS } from '@swarmscope/lab/sim/dht-behaviour.ts';
import { buildDhtNetwork } from '@swarmscope/lab/sim/dht-network.ts';
import { Referee } from '@swarmscope/lab/sim/referee.ts';
import { Schedule } from '@swarmscope/lab/sim/schedule.ts';
import { SimWorld } from '@swarmscope/lab/sim/world.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

/** Sends a byte to `to` each second, echoes what it gets, tells of both. */
class Pinger implements Machine<string> {
  #nextMs: number;
  readonly #to: Endpoint | undefined;
  constructor(to?: Endpoint) {
    this.#to = to;
    this.#nextMs = to ? 0 : Number.POSITIVE_INFINITY;
  }

  receive(bytes: Uint8Array, from: Endpoint, now: number, out: Out<string>): void {
    out.emit(`${bytes[0]}@${Math.round(now)}`);
    if (!this.#to) out.send(bytes, from);
  }

  tick(now: number, out: Out<string>): void {
    this.#nextMs = now + 1_000;
    out.send(Uint8Array.of(7), this.#to!);
  }

  deadline(): number {
    return this.#nextMs;
  }
}

const a: Endpoint = { address: '5.0.0.1', port: 1 };
const b: Endpoint = { address: '5.0.0.2', port: 2 };

function pair(loss: number, seed = 1): { world: SimWorld; heard: string[] } {
  const world = new SimWorld(seededRandom(seed), { latencyMs: 50, jitterMs: loss > 0 ? 10 : 0, loss });
  const heard: string[] = [];
  world.add<string, Pinger>(new Pinger(b), a).listen((fact) => heard.push(fact));
  world.add<string, Pinger>(new Pinger(), b);
  return { world, heard };
}

test('the schedule gives earliest first, equals in order of entry', () => {
  const schedule = new Schedule<number>();
  const times = [5, 1, 3, 1, 5, 0, 3];
  for (const [i, time] of times.entries()) schedule.add(time, i);
  expect(Array.from({ length: 7 }, () => schedule.take())).toEqual([5, 1, 3, 2, 6, 0, 4]);
  expect([schedule.take(), schedule.nextMs(), schedule.size]).toEqual([undefined, Number.POSITIVE_INFINITY, 0]);
});

describe('the world', () => {
  test('carries both ways after the latency, wakes on time', () => {
    const { world, heard } = pair(0);
    world.run(2_500);
    expect(heard).toEqual(['7@100', '7@1100', '7@2100']);
    expect(world.now).toBe(2_500);
    expect(world.clock.wall() - world.clock.now()).toBe(1_700_000_000_000);
  });

  test('loses about what it should, and the same packets with the same seed', () => {
    const first = pair(0.2, 5);
    const again = pair(0.2, 5);
    first.world.run(1_000_000);
    again.world.run(1_000_000);
    expect(first.heard).toEqual(again.heard);
    expect(first.world.counts).toEqual(again.world.counts);
    expect(first.heard.length / 1_000).toBeCloseTo(0.64, 1);
  });

  test('keeps a host behind a NAT from strangers, lets answers in', () => {
    const world = new SimWorld(seededRandom(1), { latencyMs: 1, jitterMs: 0, loss: 0 });
    const inside = world.add<string, Pinger>(new Pinger(b), a, { nat: true });
    const heard: string[] = [];
    inside.listen((fact) => heard.push(fact));
    world.add<string, Pinger>(new Pinger(), b);
    world.add<string, Pinger>(new Pinger(a), { address: '5.0.0.3', port: 3 });
    world.run(1_500);
    expect(heard).toEqual(['7@2', '7@1002']);
    expect(world.counts.undelivered).toBe(2);
  });

  test('a host that is down or gone hears nothing; deeds happen at their time', () => {
    const { world, heard } = pair(0);
    const late = world.add<string, Pinger>(new Pinger(b), { address: '5.0.0.4', port: 4 });
    world.at(1_500, () => void late.stop());
    const times: number[] = [];
    world.at(700, (now) => times.push(now));
    world.run(3_000);
    expect(times).toEqual([700]);
    expect(heard).toHaveLength(3);
    expect(world.counts.sent).toBe(3 + 3 + 2 + 2 + 1);
    expect(() => world.add<string, Pinger>(new Pinger(), a)).toThrow('two hosts');
  });

  test('says who stops the clock', () => {
    const world = new SimWorld(seededRandom(1), { latencyMs: 1, jitterMs: 0, loss: 0 });
    world.add<string, Machine<string>>({ receive: () => {}, tick: () => {}, deadline: () => 5 }, a);
    expect(() => world.run(10)).toThrow('without end');
  });
});

describe('the referee', () => {
  const query = (q: string, more: Record<string, Encodable> = {}) =>
    encode({ t: 'a', y: 'q', q, a: { id: new Uint8Array(20), ...more } });
  const make = () =>
    new Referee({
      watched: a,
      isBogon: (to) => to.address.startsWith('10.'),
      optedOut: new Set(['5.0.0.9']),
      isTruthful: (from) => from === b,
    });

  test('counts queries that come too fast, by address and not by port', () => {
    const referee = make();
    const ask = (now: number, port: number) => referee.sent({ bytes: query('ping'), from: a, to: { ...b, port } }, now);
    for (let i = 0; i < 4; i++) ask(0, i);
    for (let i = 1; i < 10; i++) ask(i * 1_000, i);
    expect(referee.violations.rate).toBe(0);
    ask(9_500, 1);
    expect(referee.violations.rate).toBe(1);
    referee.sent({ bytes: encode({ t: 'a', y: 'r', r: {} }), from: a, to: b }, 9_500);
    expect([referee.violations.rate, referee.queries, referee.methods.get('ping')]).toEqual([1, 14, 14]);
  });

  test('counts bogons, opted-out hosts, and samples asked before the interval is over', () => {
    const referee = make();
    referee.sent({ bytes: query('ping'), from: a, to: { address: '10.0.0.1', port: 1 } }, 0);
    referee.sent({ bytes: query('ping'), from: a, to: { address: '5.0.0.9', port: 1 } }, 0);
    referee.sent({ bytes: query('sample_infohashes'), from: a, to: b }, 0);
    const samples = new Uint8Array(40).fill(1, 20);
    referee.arrived({ bytes: encode({ t: 'a', y: 'r', r: { interval: 60, samples } }), from: b, to: a }, 100);
    referee.sent({ bytes: query('sample_infohashes'), from: a, to: b }, 50_000);
    referee.sent({ bytes: query('sample_infohashes'), from: a, to: b }, 60_200);
    expect(referee.violations).toEqual({ rate: 0, interval: 1, bogon: 1, optOut: 1 });
    expect([...referee.revealed]).toEqual(['00'.repeat(20), '01'.repeat(20)]);
  });
});

test('a network of the planned shares, whose infohashes lie where announcers find them', () => {
  const random = seededRandom(3);
  const world = new SimWorld(random, { latencyMs: 10, jitterMs: 10, loss: 0 });
  const network = buildDhtNetwork(
    world,
    { nodes: 1_000, infohashes: 300, dead: 0.3, liars: 0.1, old: 0.1, intervalS: 0 },
    random,
  );
  const share = (name: (behaviour: (typeof network.nodes)[number]['behaviour']) => boolean) =>
    network.nodes.filter((node) => name(node.behaviour)).length / 1_000;
  expect(share((behaviour) => behaviour.silent)).toBeCloseTo(0.3, 1);
  expect(share((behaviour) => behaviour.lie !== undefined)).toBeCloseTo(0.1, 1);
  expect(share((behaviour) => behaviour.name === DHT_BEHAVIOURS.old.name)).toBeCloseTo(0.06, 1);
  expect(network.infohashes.size).toBe(300);
  expect(network.reachableInfohashes.size).toBe(300);
  expect(network.nodes.reduce((sum, node) => sum + node.holdings.length, 0)).toBe(8 * 300);
  expect(network.hosts.length).toBe(network.nodes.filter((node) => !node.behaviour.silent).length);
});
