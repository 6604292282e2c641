// What is overheard: holders are asked as their pace allows, one after the other, until one names peers; what nobody wants any more is not asked for.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import type { Query } from '@swarmscope/bittorrent/krpc/message.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { Agenda, type Task } from '@swarmscope/swarm-prober/agenda.ts';
import { Hearsay } from '@swarmscope/swarm-prober/hearsay.ts';
import { Looks } from '@swarmscope/swarm-prober/looks.ts';
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
    readyAt: (to: Endpoint, now: number) => (busy.has(to.address) ? now + 1_000 : now),
    ask: (to: Endpoint, query: Query) => asked.push(`${query.method} ${to.address}`),
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
  const clock = new ManualClock();
  const agenda = new Agenda(clock, raiseInvariant);
  const tasks: Task[] = [];
  agenda.set = (task) => void tasks.push(task);
  const hearsay = new Hearsay({
    dht: [driven],
    agenda,
    nodeKey: (id) => toHex(id.subarray(0, 8)),
    sighted: () => {},
    isFresh: () => fresh,
    heard: (infoHash) => void heard.push(infoHash),
    now: () => clock.now(),
  });
  const answer = (from: Endpoint & { id: Uint8Array }, query: Query, part: Parameters<typeof reply>[1], tag = 5) =>
    listener({ type: 'answered', tag, query, from, rttMs: 1, reply: reply(from, part), mismatch: false }, 0);
  return {
    hearsay,
    asked,
    heard,
    busy,
    sample: (n: number) => answer(holder(n), { method: 'sample_infohashes', target: new Uint8Array(20) }, { samples: INFO_HASH }),
    answer: (n: number, values: number) => answer(holder(n), { method: 'get_peers', target: INFO_HASH }, { values }),
    silent: (n: number) =>
      listener({ type: 'unanswered', tag: 5, query: { method: 'get_peers', target: INFO_HASH }, to: holder(n) }, 0),
    round: () => tasks.pop()?.run(0),
    grow: () => {
      fresh = false;
    },
  };
}

test('one holder is asked; without peers or an answer the next; with peers the prober hears of it', () => {
  const { hearsay, asked, heard, sample, answer, silent, round } = world();
  for (const n of [1, 2, 3]) sample(n);
  hearsay.want(NAME);
  expect(hearsay.isAsking).toBe(true);
  round();
  expect(asked).toEqual(['get_peers 192.0.2.1']);
  answer(1, 0);
  round();
  silent(2);
  round();
  expect(asked).toEqual(['get_peers 192.0.2.1', 'get_peers 192.0.2.2', 'get_peers 192.0.2.3']);
  expect(heard).toEqual([]);
  answer(3, 1);
  expect(heard).toEqual([NAME]);
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

test('nothing is asked of what nobody sampled, or what had its census', () => {
  const { hearsay, asked, sample, round, grow } = world();
  hearsay.want(NAME);
  expect(hearsay.isAsking).toBe(false);
  sample(1);
  hearsay.want(NAME);
  grow();
  round();
  expect(asked).toEqual([]);
  expect(hearsay.isAsking).toBe(false);
});

test('first looks have places of their own', () => {
  const looks = new Looks(1);
  looks.add('a');
  looks.add('b');
  expect(looks.take()).toBe('a');
  looks.began();
  expect([looks.active, looks.isDue]).toEqual([1, false]);
  looks.ended();
  expect([looks.isDue, looks.take(), looks.isDue]).toEqual([true, 'b', false]);
});
