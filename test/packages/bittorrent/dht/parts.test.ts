// The parts of a DHT node one by one: pace, answer budget, tokens, transactions, table, store, vote, unreachable cache, distances.
import { AnswerBudget } from '@swarmscope/bittorrent/dht/answer-budget.ts';
import { Bookings } from '@swarmscope/bittorrent/dht/bookings.ts';
import { commonBits, compareDistance, randomId } from '@swarmscope/bittorrent/dht/distance.ts';
import { Fifo } from '@swarmscope/bittorrent/dht/fifo.ts';
import { Pace } from '@swarmscope/bittorrent/dht/pace.ts';
import { PeerStore } from '@swarmscope/bittorrent/dht/peer-store.ts';
import { RecentMap } from '@swarmscope/bittorrent/dht/recent-map.ts';
import { RoutingTable } from '@swarmscope/bittorrent/dht/table.ts';
import { Tokens } from '@swarmscope/bittorrent/dht/tokens.ts';
import { Transactions } from '@swarmscope/bittorrent/dht/transactions.ts';
import { Unreachable } from '@swarmscope/bittorrent/dht/unreachable.ts';
import { AddressVote } from '@swarmscope/bittorrent/dht/vote.ts';
import { decodeCompactList, formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { sha256 } from '@swarmscope/bittorrent/hash.ts';
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const random = seededRandom(21);
const at = (i: number, port = 6881) => ({ address: `5.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`, port });

test('what is booked comes in the order of its time, and not before it', () => {
  const bookings = new Bookings();
  const [to, query] = [at(1), { method: 'ping' } as const];
  for (const [tag, dueMs] of [30, 10, 20, 10].entries()) bookings.add({ to, query, tag, dueMs });
  expect(bookings.deadline()).toBe(10);
  expect(bookings.takeDue(9)).toBeUndefined();
  const order = Array.from({ length: 4 }, () => bookings.takeDue(30)?.tag);
  expect(order).toEqual([1, 3, 2, 0]);
  expect(bookings.takeDue(30)).toBeUndefined();
  expect(bookings.deadline()).toBe(Number.POSITIVE_INFINITY);
  while (!bookings.isFull) bookings.add({ to, query, tag: 0, dueMs: 0 });
});

describe('pace', () => {
  test('whatever is wanted when, one host gets four at once and one a second', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3_000), { maxLength: 60 }), (waits) => {
        const pace = new Pace();
        const sent: number[] = [];
        let now = 0;
        for (const wait of waits) {
          now += wait;
          if (pace.take('a', now)) sent.push(now);
          else expect(pace.readyAt('a', now)).toBeGreaterThan(now);
        }
        for (let i = 0; i < sent.length; i++)
          for (let j = i; j < sent.length; j++) expect(j - i + 1).toBeLessThanOrEqual(4 + (sent[j]! - sent[i]!) / 1_000);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('when it says ready, it is', () => {
    const pace = new Pace({ packetsPerSecond: 50, flowsPerMinute: 20 });
    let now = 0;
    for (let i = 0; i < 500; i++) {
      const host = `h${Math.floor(random() * 40)}`;
      // With the flows used up it is the earliest time, not a promise: the first flow may have been used again since.
      for (let ready = pace.readyAt(host, now); ready > now; ready = pace.readyAt(host, now)) {
        expect(pace.take(host, now)).toBe(false);
        now = ready;
      }
      expect(pace.take(host, now)).toBe(true);
    }
  });

  test("a turn that is booked is nobody else's, and one that is too far off is not taken", () => {
    const pace = new Pace({ hostIntervalMs: 1_000, hostBurst: 2 });
    expect(pace.book('a', 0, 0)).toBeLessThanOrEqual(0);
    expect(pace.book('a', 0, 0)).toBeLessThanOrEqual(0);
    expect(pace.book('a', 0, 999)).toBeUndefined();
    expect(pace.book('a', 0, 1_000)).toBe(1_000);
    expect(pace.take('a', 1_000)).toBe(false);
    expect(pace.readyAt('a', 1_000)).toBe(2_000);
    expect(pace.take('b', 0)).toBe(true);
  });

  test('packets in all are bounded by the second', () => {
    const pace = new Pace({ packetsPerSecond: 100 });
    let sent = 0;
    for (let now = 0; now < 10_000; now++) for (let i = 0; i < 3; i++) if (pace.take(`${now} ${i}`, now)) sent++;
    expect(sent).toBeGreaterThanOrEqual(990);
    expect(sent).toBeLessThanOrEqual(1_012);
  });

  test('distinct hosts in any minute are bounded; known ones go on', () => {
    const pace = new Pace({ packetsPerSecond: 1e6, flowsPerMinute: 100 });
    const sent: { host: number; at: number }[] = [];
    for (let now = 0; now < 300_000; now += 100) {
      const host = Math.floor(random() * 5_000);
      if (pace.take(`${host}`, now)) sent.push({ host, at: now });
    }
    for (let i = 0; i < sent.length; i += 7) {
      const hosts = new Set(
        sent.filter((each) => each.at >= sent[i]!.at && each.at < sent[i]!.at + 60_000).map((each) => each.host),
      );
      expect(hosts.size).toBeLessThanOrEqual(100);
    }
    expect(sent.length).toBeGreaterThan(400);
    expect(pace.used(300_000).flows).toBeLessThanOrEqual(1_000);
  });
});

describe('answer budget', () => {
  test('a host is answered 50 at once and 10 a second, told of once a minute, and does not starve the others', () => {
    const budget = new AnswerBudget({ perSecond: 100 });
    let answered = 0;
    let told = 0;
    let others = 0;
    for (let now = 0; now < 60_000; now += 5) {
      if (budget.take('flood', now)) answered++;
      else if (budget.isNews('flood', now)) told++;
      if (now % 1_000 === 0 && budget.take(`other ${now}`, now)) others++;
    }
    expect(answered).toBeLessThanOrEqual(50 + 600);
    expect(answered).toBeGreaterThan(600);
    expect([told, others]).toEqual([1, 60]);
  });
});

describe('tokens', () => {
  test('good for the address for five to ten minutes, for nobody else', () => {
    const tokens = new Tokens(random);
    const token = tokens.make('1.2.3.4', 0).slice();
    expect(tokens.accepts(token, '1.2.3.4', 299_000)).toBe(true);
    expect(tokens.accepts(token, '1.2.3.5', 0)).toBe(false);
    expect(tokens.accepts(token.subarray(1), '1.2.3.4', 0)).toBe(false);
    expect(tokens.accepts(token, '1.2.3.4', 301_000)).toBe(true);
    expect(tokens.accepts(token, '1.2.3.4', 605_000)).toBe(false);
    const other = tokens.make('1.2.3.4', 605_000);
    expect(tokens.accepts(other, '1.2.3.4', 10_000_000)).toBe(false);
  });

  test('it is the keyed hash that it says it is', () => {
    const key: number[] = [];
    const recorded = seededRandom(5);
    const tokens = new Tokens(() => {
      const value = recorded();
      key.push(Math.floor(value * 256));
      return value;
    });
    const token = tokens.make('1.2.3.4', 0);
    const input = Uint8Array.from([...key.slice(-32), ...new TextEncoder().encode('1.2.3.4')]);
    expect(equalBytes(token, sha256(input).subarray(0, 8))).toBe(true);
  });
});

describe('transactions', () => {
  test('answered in any order: the deadline is always that of the oldest that is left', () => {
    const oneOf = <T>(list: readonly T[], pick: number) => list[pick % list.length];
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { maxLength: 120 }), (picks) => {
        const transactions = new Transactions(seededRandom(4), 1_000, 50);
        let open: { id: number; to: { address: string; port: number }; sentMs: number }[] = [];
        picks.forEach((pick, now) => {
          const answered = pick % 3 === 0 ? oneOf(open, pick) : undefined;
          if (answered) {
            expect(transactions.take(answered.id, { ...answered.to })).toBe(answered);
            open = open.filter((each) => each !== answered);
          } else if (!transactions.isFull) open.push(transactions.begin(at(pick), { method: 'ping' }, now, 1, 0));
          expect([transactions.size, transactions.deadline()]).toEqual([open.length, (open[0]?.sentMs ?? Infinity) + 1_000]);
        });
        for (const each of open) expect(transactions.expire(9_999)).toBe(each);
        expect(transactions.expire(9_999)).toBeUndefined();
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('a reply without an id of four bytes answers nothing', () => {
    const transactions = new Transactions(() => 0.999_999_999_9, 1_000, 3);
    const { id } = transactions.begin(at(1), { method: 'ping' }, 0, 1, 0);
    expect(id).toBe(0xffff_ffff);
    expect(transactions.take(-1, at(1))).toBeUndefined();
    expect(transactions.take(id, at(1))).toBeDefined();
  });

  test('an answer is taken once, from exactly that socket; the rest expires in order', () => {
    const transactions = new Transactions(random, 1_000, 3);
    const begun = [1, 2, 3].map((i) => transactions.begin(at(i), { method: 'ping' }, i * 100, i, 0));
    expect(transactions.isFull).toBe(true);
    expect(transactions.deadline()).toBe(1_100);
    expect(transactions.take(begun[0]!.id, at(1, 6882))).toBeUndefined();
    expect(transactions.take(begun[0]!.id, at(2))).toBeUndefined();
    expect(transactions.take(begun[0]!.id, at(1))).toBe(begun[0]);
    expect(transactions.take(begun[0]!.id, at(1))).toBeUndefined();
    expect(transactions.deadline()).toBe(1_200);
    expect(transactions.expire(1_199)).toBeUndefined();
    expect(transactions.expire(1_300)).toBe(begun[1]);
    expect(transactions.expire(1_300)).toBe(begun[2]);
    expect([transactions.expire(9_999), transactions.size, transactions.deadline()]).toEqual([
      undefined,
      0,
      Number.POSITIVE_INFINITY,
    ]);
  });
});

describe('routing table', () => {
  const localId = randomId(random);
  const caps = { perHost: 1, perPrefix: 4 };

  test('closest is sorted, at most 8, and what is really closest of the table', () => {
    const table = new RoutingTable(localId, caps);
    for (let i = 0; i < 2_000; i++) table.verified(randomId(random), at(i << 8), 0);
    const target = randomId(random);
    const expected = [...table.nodes()].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, 8);
    expect(table.closest(target)).toEqual(expected);
    expect(table.size).toBeLessThan(160 * 8);
  });

  test('one node a host, four a network, none with our own id', () => {
    const table = new RoutingTable(localId, caps);
    expect(table.verified(randomId(random), at(1), 0)).toBe(true);
    expect(table.verified(randomId(random), at(1, 7000), 0)).toBe(false);
    for (let i = 2; i < 9; i++) table.verified(randomId(random), at(i), 0);
    expect(table.size).toBe(4);
    expect(table.verified(localId, at(1 << 8), 0)).toBe(false);
  });

  test('a node that goes by another id now loses its old place', () => {
    const table = new RoutingTable(localId, caps);
    const [before, after] = [randomId(random), randomId(random)];
    table.verified(before, at(1), 0);
    table.verified(after, at(1), 1);
    expect([...table.nodes()].map((node) => node.id)).toEqual([after]);
  });

  test('an id that is taken stays with its first holder until that one fails', () => {
    const table = new RoutingTable(localId, caps);
    const id = randomId(random);
    table.verified(id, at(1), 0);
    expect(table.verified(id, at(1 << 8), 0)).toBe(false);
    table.failed(at(1));
    expect(table.verified(id, at(1 << 8), 0)).toBe(true);
    expect(table.size).toBe(1);
  });

  test('in a full bucket the failing make room, the good do not', () => {
    const table = new RoutingTable(localId, { perHost: 1, perPrefix: 1_000 });
    const far = () => {
      const id = randomId(random);
      id[0] = localId[0]! ^ 0x80;
      return id;
    };
    for (let i = 0; i < 50; i++) table.verified(far(), at(i), 0);
    expect(table.size).toBe(8);
    expect(table.verified(far(), at(100), 0)).toBe(false);
    table.failed(at(3));
    expect(table.verified(far(), at(101), 0)).toBe(true);
    expect(table.at(at(3))).toBeUndefined();
    table.failed(at(4));
    table.failed(at(4));
    expect(table.closest(far()).some((node) => node.address === at(4).address)).toBe(false);
    table.verified(table.at(at(4))!.id, at(4), 5);
    expect(table.closest(far())).toHaveLength(8);
    expect(table.stalest(1_000, 500)?.seenMs).toBe(0);
  });
});

describe('peer store', () => {
  const infoHash = randomId(random);

  test('values are what was announced, each once, at most as many as asked for, without seeds if wanted', () => {
    const store = new PeerStore(random);
    for (let round = 0; round < 2; round++) for (let i = 0; i < 50; i++) store.announce(infoHash, at(i), i < 20, 0);
    const all = decodeCompactList(store.values(infoHash, 100, false, 1)!, 4).map(formatEndpoint);
    expect(new Set(all)).toEqual(new Set(Array.from({ length: 50 }, (_, i) => formatEndpoint(at(i)))));
    expect(store.values(infoHash, 7, false, 1)).toHaveLength(7 * 6);
    expect(decodeCompactList(store.values(infoHash, 100, true, 1)!, 4)).toHaveLength(30);
    expect(store.values(randomId(random), 7, false, 1)).toBeUndefined();
  });

  test('announces expire, and with the last of them the infohash', () => {
    const store = new PeerStore(random, { lifetimeMs: 1_000 });
    store.announce(infoHash, at(1), true, 0);
    store.announce(infoHash, at(2), true, 600);
    expect(store.values(infoHash, 9, false, 1_100)).toHaveLength(6);
    expect(store.values(infoHash, 9, false, 1_700)).toBeUndefined();
    expect(store.size).toBe(0);
  });

  test('peers, infohashes and samples are bounded; the oldest makes room', () => {
    const store = new PeerStore(random, { infoHashes: 30, peersPerInfoHash: 5 });
    const hashes = Array.from({ length: 100 }, () => randomId(random));
    for (const hash of hashes) for (let i = 0; i < 9; i++) store.announce(hash, at(i), false, 0);
    expect(store.size).toBe(30);
    expect(store.values(hashes[0]!, 99, false, 0)).toBeUndefined();
    expect(store.values(hashes[99]!, 99, false, 0)).toHaveLength(5 * 6);
    const seen = new Set<string>();
    for (let look = 0; look < 60; look++) {
      const samples = store.samples(20, 0);
      expect(samples).toHaveLength(400);
      const drawn = Array.from({ length: 20 }, (_, i) => String(samples.subarray(20 * i, 20 * i + 20)));
      expect(new Set(drawn).size).toBe(20);
      for (const sample of drawn) seen.add(sample);
    }
    expect(seen).toEqual(new Set(hashes.slice(70).map(String)));
  });
});

test('the vote: a majority of hosts, at least four, each with one voice; a new address is noticed', () => {
  const vote = new AddressVote();
  const cast = (host: string, last: number) => vote.cast(host, Uint8Array.of(9, 9, 9, last, 0, 1), 0, 6);
  for (let i = 0; i < 20; i++) expect(cast('one liar', 6)).toBeUndefined();
  for (let i = 0; i < 3; i++) expect(cast(`h${i}`, 9)).toBeUndefined();
  expect(cast('h3', 9)).toEqual({ endpoint: { address: '9.9.9.9', port: 1 }, votes: 4 });
  expect(cast('h4', 9)).toBeUndefined();
  const changes = Array.from({ length: 1_000 }, (_, i) => cast(`new ${i}`, 7)).filter((change) => change !== undefined);
  expect(changes.map((change) => change.endpoint.address)).toEqual(['9.9.9.7']);
});

test('the vote hears every answer at first, and one in sixteen for good', () => {
  const vote = new AddressVote();
  const heard = Array.from({ length: 1_064 }, () => vote.hears());
  expect(heard.slice(0, 64).every((each) => each)).toBe(true);
  expect(heard.slice(64).filter((each) => each)).toHaveLength(62);
});

test('unreachable after two failures, for ten minutes, until it answers', () => {
  const cache = new Unreachable();
  cache.failed(at(1), 0);
  expect(cache.has(at(1), 0)).toBe(false);
  cache.failed(at(1), 1);
  expect([cache.has(at(1), 2), cache.has(at(1), 700_000)]).toEqual([true, false]);
  cache.answered(at(1));
  expect(cache.has(at(1), 2)).toBe(false);
});

test('recent maps and queues are bounded and keep the latest', () => {
  const map = new RecentMap<number>(100);
  for (let i = 0; i < 1_000; i++) map.set(`${i}`, i);
  expect([map.get('999'), map.get('960'), map.get('0')]).toEqual([999, 960, undefined]);
  map.delete('999');
  expect(map.get('999')).toBeUndefined();
  const fifo = new Fifo<number>();
  for (let i = 0; i < 5_000; i++) {
    fifo.push(i);
    if (i % 3 > 0) expect(fifo.shift()).toBe(Math.floor(i / 3) * 2 + (i % 3) - 1);
  }
  expect([fifo.size, fifo.first()]).toEqual([5_000 - 3_333, 3_333]);
});

test('distances and random ids', () => {
  const id = randomId(random);
  expect([commonBits(id, id), commonBits(id, id.with(0, id[0]! ^ 0x80)), commonBits(id, id.with(19, id[19]! ^ 1))]).toEqual([
    160, 0, 159,
  ]);
  for (let bits = 0; bits <= 160; bits++) expect(commonBits(id, randomId(random, id, bits))).toBeGreaterThanOrEqual(bits);
  expect(compareDistance(id, id, id)).toBe(0);
});
