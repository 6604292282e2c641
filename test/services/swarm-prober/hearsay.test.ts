// What is overheard: holders are asked as their pace allows, one after the other, until one names peers; what nobody wants any more is not asked for.

import { compareDistance, randomId } from '@swarmscope/bittorrent/dht/distance.ts';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import type { Query } from '@swarmscope/bittorrent/krpc/message.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { Agenda, type Task } from '@swarmscope/swarm-prober/agenda.ts';
import { Hearsay } from '@swarmscope/swarm-prober/hearsay.ts';
import { Looks } from '@swarmscope/swarm-prober/looks.ts';
import { Neighbours } from '@swarmscope/swarm-prober/neighbours.ts';
import { expect, test } from 'vitest';

const INFO_HASH = new Uint8Array(20).fill(7);
const NAME = toHex(INFO_HASH);
const holder = (n: number): Endpoint & { id: Uint8Array } => ({
  address: `192.0.2.${n}`,
  port: 6881,
  id: new Uint8Array(20).fill(n),
});

/** A reply of `from` with samples or values. */
function reply(from: { id: Uint8Array }, part: { samples?: Uint8Array; values?: number }): Fields {
  const fields = new Fields();
  const values = part.values ? [...new TextEncoder().encode('6:'), 192, 0, 2, 200, 0x1a, 0xe1, 0x65] : [];
  fields.bytes = Uint8Array.from([...from.id, ...(part.samples ?? []), ...values]);
  fields.idAt = 0;
  if (part.samples) [fields.samplesAt, fields.samplesCount] = [20, part.samples.length / 20];
  if (part.values) [fields.valuesAt, fields.valuesCount] = [22, 1];
  return fields;
}

function world() {
  let listener: (fact: DhtFact, now: number) => void = () => {};
  const asked: string[] = [];
  const busy = new Set<string>();
  const node = {
    admits: () => true,
    book: (to: Endpoint, query: Query) => (busy.has(to.address) ? undefined : asked.push(`${query.method} ${to.address}`)),
  };
  const driven = {
    act: (action: (machine: DhtNode, now: number) => unknown) => action(node as unknown as DhtNode, 0),
    listen: (next: typeof listener) => {
      listener = next;
      return () => {};
    },
  } as unknown as Driven<DhtNode, DhtFact>;
  const heard: string[] = [];
  let fresh = true;
  let now = 0;
  const clock = new ManualClock();
  const agenda = new Agenda(clock, raiseInvariant);
  const tasks: Task[] = [];
  agenda.set = (task) => void tasks.push(task);
  const hearsay = new Hearsay({
    dht: [driven],
    agenda,
    questionsPerSecond: 100,
    nodeKey: (id) => toHex(id.subarray(0, 8)),
    isFresh: () => fresh,
    heard: (infoHash, endpoints, sourceId) => void heard.push(`${infoHash} ${endpoints.length} ${sourceId.slice(0, 2)}`),
    drained: () => {},
    now: () => now,
  });
  const answer = (from: Endpoint & { id: Uint8Array }, query: Query, part: Parameters<typeof reply>[1], tag = 5) =>
    listener({ type: 'answered', tag, query, from, rttMs: 1, reply: reply(from, part), mismatch: false }, 0);
  return {
    hearsay,
    asked,
    heard,
    busy,
    sample: (n: number) => answer(holder(n), { method: 'sample_infohashes', target: new Uint8Array(20) }, { samples: INFO_HASH }),
    meet: (n: number) => answer(holder(n), { method: 'ping' }, {}),
    answer: (n: number, values: number, tag = 5) =>
      answer(holder(n), { method: 'get_peers', target: INFO_HASH }, { values }, tag),
    silent: (n: number) =>
      listener({ type: 'unanswered', tag: 5, query: { method: 'get_peers', target: INFO_HASH }, to: holder(n) }, 0),
    round: () => {
      now += 2_000;
      tasks.pop()?.run(now);
    },
    grow: () => {
      fresh = false;
    },
  };
}

test('the nearest holder is asked; without peers or an answer the next; with peers the prober hears of it', () => {
  const { hearsay, asked, heard, sample, answer, silent, round } = world();
  for (const n of [1, 2, 3]) sample(n);
  hearsay.want(NAME);
  expect(hearsay.isAsking).toBe(true);
  round();
  expect(asked).toEqual(['get_peers 192.0.2.3']);
  answer(3, 0);
  round();
  silent(2);
  round();
  expect(asked).toEqual(['get_peers 192.0.2.3', 'get_peers 192.0.2.2', 'get_peers 192.0.2.1']);
  expect(heard).toEqual([]);
  answer(1, 1);
  expect(heard).toEqual([`${NAME} 1 01`]);
  expect(hearsay.isAsking).toBe(false);
});

test('a holder whose pace is used up is not asked: another one, or later', () => {
  const { hearsay, asked, busy, sample, round } = world();
  busy.add('192.0.2.1');
  sample(1);
  hearsay.want(NAME);
  round();
  expect(asked).toEqual([]);
  sample(2);
  round();
  expect(asked).toEqual(['get_peers 192.0.2.2']);
});

test('where nobody gave it as a sample the closest that are known are asked, nearest first; one that is silent is forgotten', () => {
  const { hearsay, asked, heard, meet, answer, silent, round } = world();
  for (const n of [200, 6, 5]) meet(n);
  hearsay.want(NAME);
  round();
  silent(6);
  round();
  answer(5, 0);
  round();
  expect(asked).toEqual(['get_peers 192.0.2.6', 'get_peers 192.0.2.5', 'get_peers 192.0.2.200']);
  answer(200, 1);
  expect(heard).toEqual([`${NAME} 1 c8`]);
});

test('peers that somebody else asked for on the same node are as good; of what nobody wants they are not kept', () => {
  const { hearsay, asked, heard, sample, answer, round } = world();
  sample(1);
  answer(2, 1);
  expect(heard).toEqual([]);
  hearsay.want(NAME);
  answer(2, 1, 0);
  expect(heard).toEqual([`${NAME} 1 02`]);
  round();
  expect(asked).toEqual([]);
});

test('of one host not all turns are taken', () => {
  const { hearsay, asked, sample, round } = world();
  sample(1);
  const names = Array.from({ length: 8 }, (_, i) => toHex(new Uint8Array(20).fill(100 + i)));
  for (const name of names) hearsay.want(name);
  round();
  expect(asked).toHaveLength(3);
  round();
  expect(asked).toHaveLength(4);
});

test('nothing is asked while nobody is known, or of what had its census', () => {
  const { hearsay, asked, sample, round, grow } = world();
  expect(hearsay.want(NAME)).toBe(true);
  round();
  expect(hearsay.isAsking).toBe(true);
  sample(1);
  grow();
  round();
  expect(asked).toEqual([]);
  expect(hearsay.isAsking).toBe(false);
});

test('a holder before those that are only close; lookups of others give way until its answer is there', () => {
  const { hearsay, asked, sample, meet, answer, round } = world();
  meet(7);
  sample(1);
  hearsay.want(NAME);
  round();
  expect(asked).toEqual(['get_peers 192.0.2.1']);
  expect(hearsay.isAsking).toBe(true);
  // Not for ever: an answer that never comes holds nobody up.
  round();
  expect(hearsay.isAsking).toBe(false);
  answer(1, 1);
  expect(hearsay.isAsking).toBe(false);
});

test('the closest are found as by looking at all', () => {
  const random = seededRandom(5);
  const neighbours = new Neighbours();
  const ids = Array.from({ length: 3_000 }, () => randomId(random));
  for (const [i, id] of ids.entries()) neighbours.meet(id, { address: `10.0.${i >> 8}.${i & 255}`, port: 1 }, 0);
  expect(neighbours.size).toBeGreaterThan(2_900);
  for (let i = 0; i < 50; i++) {
    const target = randomId(random);
    const all = ids.toSorted((a, b) => compareDistance(target, a, b)).slice(0, 4);
    expect(neighbours.closest(target, 4).map(({ id }) => toHex(id))).toEqual(all.map(toHex));
  }
  const [gone] = neighbours.closest(ids[0]!, 1);
  neighbours.forget(gone!);
  expect(neighbours.closest(ids[0]!, 1)).not.toContain(gone);
});

test('first looks have places of their own, and those without peers wait until they can be asked for', () => {
  const looks = new Looks(1);
  looks.add('a', [], '');
  looks.add('b', [], '');
  expect(looks.take().id).toBe('a');
  looks.began();
  expect([looks.active, looks.isDue]).toEqual([1, false]);
  looks.ended();
  expect([looks.isDue, looks.take().id, looks.isDue]).toEqual([true, 'b', false]);
  const asked: string[] = [];
  for (const id of ['c', 'd', 'e']) looks.later(id);
  looks.ask((id) => id !== 'e' && asked.push(id) > 0);
  looks.ask((id) => asked.push(id) > 0);
  expect(asked).toEqual(['c', 'd', 'e']);
});
