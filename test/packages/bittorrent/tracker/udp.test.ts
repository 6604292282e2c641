// UDP trackers: datagrams against their vectors, and the client against the lab's tracker, loss, silence and forgetful trackers.
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint, Out } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import type { AnnounceRequest } from '@swarmscope/bittorrent/tracker/answer.ts';
import { type UdpTrackerFact, UdpTrackers } from '@swarmscope/bittorrent/tracker/udp.ts';
import { decodeUdpAnswer, encodeAnnounce, encodeConnect, encodeScrape } from '@swarmscope/bittorrent/tracker/udp-messages.ts';
import { LabTracker } from '@swarmscope/lab/sim/tracker.ts';
import { UdpLabTracker } from '@swarmscope/lab/sim/tracker-udp.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';
import { UDP_VECTORS } from '../../../vectors/tracker.ts';

const INFO_HASH = sha1(Uint8Array.of(1));
const SECRET = sha1(Uint8Array.of(2));
const REQUEST: AnnounceRequest = {
  infoHash: INFO_HASH,
  peerId: new TextEncoder().encode('-SW0100-abcdefghijkl'),
  port: 6881,
  uploadedBytes: 1,
  downloadedBytes: 2,
  leftBytes: 2 ** 40,
  event: 'started',
  wanted: -1,
  key: 0xdeadbeef,
};

describe('datagrams', () => {
  test.each(UDP_VECTORS)('$name', ({ asked, family, hex, means, refused }) => {
    const answer = decodeUdpAnswer(fromHex(hex)!, asked, family ?? 4, 2);
    if (refused) expect(answer).toMatchObject({ reason: refused });
    else expect(answer).toMatchObject(means!);
  });

  test('of a shorter announce or connect are refused, whatever is left of them', () => {
    for (const { asked, hex, means } of UDP_VECTORS.filter((vector) => vector.means && vector.asked !== 'scrape')) {
      const least = asked === 'connect' ? 16 : means!['kind'] === 'refused' ? 8 : 20;
      const bytes = fromHex(hex)!;
      for (let length = 0; length < least; length++)
        expect(decodeUdpAnswer(bytes.subarray(0, length), asked, 4)).toBeInstanceOf(Malformed);
    }
  });

  test('are written as BEP 15 lays them out', () => {
    const connection = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    expect(toHex(encodeConnect(0x12345678))).toBe('00000417271019800000000012345678');
    expect(toHex(encodeAnnounce(connection, 0x12345678, REQUEST))).toBe(
      `01020304050607080000000112345678${toHex(INFO_HASH)}${toHex(REQUEST.peerId)}` +
        '00000000000000020000010000000000000000000000000100000002' +
        '00000000deadbeefffffffff1ae1',
    );
    expect(toHex(encodeScrape(connection, 1, [INFO_HASH, SECRET]))).toBe(
      `01020304050607080000000200000001${toHex(INFO_HASH)}${toHex(SECRET)}`,
    );
  });

  test('carry path and query behind the announce (BEP 41)', () => {
    const options = (urlData: string) => encodeAnnounce(new Uint8Array(8), 1, REQUEST, urlData).subarray(98);
    expect(options('')).toHaveLength(0);
    expect(options('/')).toHaveLength(0);
    expect(toHex(options('/dir?a=b'))).toBe('02082f6469723f613d62');
    const long = options(`/${'x'.repeat(299)}`);
    expect([long[0], long[1], long[257], long[258], long.length]).toEqual([2, 255, 2, 45, 304]);
    expect(options(`/${'x'.repeat(5_000)}`)).toHaveLength(0);
  });
});

/** A client and what it sent and found; `answer` passes what waits to a tracker and its answers back. */
class Bench {
  readonly client: UdpTrackers;
  readonly facts: UdpTrackerFact[] = [];
  sent: { bytes: Uint8Array; to: Endpoint }[] = [];
  now = 1_000;
  readonly out: Out<UdpTrackerFact> = {
    send: (bytes, to) => this.sent.push({ bytes: bytes.slice(), to }),
    emit: (fact) => this.facts.push(fact),
  };

  constructor(options: { attempts?: number; maxRequests?: number } = {}) {
    this.client = new UdpTrackers({ random: seededRandom(1), ...options });
  }

  announce(to = TRACKER, urlData = '', request = REQUEST) {
    return this.client.announce(to, request, urlData, this.now, this.out);
  }

  scrape(to = TRACKER) {
    return this.client.scrape(to, [INFO_HASH, SECRET], this.now, this.out);
  }

  take() {
    const taken = this.sent;
    this.sent = [];
    return taken;
  }

  answer(tracker: UdpLabTracker, from = TRACKER) {
    const answers: Uint8Array[] = [];
    for (const { bytes } of this.take())
      tracker.receive(bytes, US, this.now, { send: (reply) => answers.push(reply), emit: () => {} });
    this.now += 20;
    for (const reply of answers) this.client.receive(reply, from, this.now, this.out);
  }

  /** On from deadline to deadline until something happens, or nothing is to come. */
  wait() {
    const before = this.sent.length + this.facts.length;
    while (this.sent.length + this.facts.length === before && this.client.deadline() < Number.POSITIVE_INFINITY) {
      this.now = this.client.deadline();
      this.client.tick(this.now, this.out);
    }
  }
}

const TRACKER: Endpoint = { address: '127.0.0.7', port: 6969 };
const US: Endpoint = { address: '127.0.0.9', port: 6881 };
const actionOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);

function labTracker(secret = 1): UdpLabTracker {
  const memory = new LabTracker();
  memory.register(INFO_HASH, [
    { endpoint: { address: '127.0.0.2', port: 1 }, isComplete: () => true },
    { endpoint: { address: '127.0.0.3', port: 2 }, isComplete: () => false },
  ]);
  return new UdpLabTracker(memory, secret);
}

describe('client', () => {
  test('connects, announces and scrapes with one connection', () => {
    const [bench, tracker] = [new Bench(), labTracker()];
    const tags = [bench.announce(), bench.scrape()];
    expect(bench.sent.map(({ bytes }) => actionOf(bytes))).toEqual([0]); // one connect for both
    bench.answer(tracker);
    expect(bench.sent.map(({ bytes }) => actionOf(bytes))).toEqual([1, 2]);
    bench.answer(tracker);
    expect(bench.facts).toMatchObject([
      {
        type: 'tracker_answered',
        tag: tags[0],
        latencyMs: 20,
        answer: { kind: 'announce', seeders: 1, leechers: 2, intervalS: 60 },
      },
      {
        type: 'tracker_answered',
        tag: tags[1],
        answer: { kind: 'scrape', counts: [{ seeders: 1, leechers: 2 }, { seeders: 0 }] },
      },
    ]);
    expect(bench.client.pending).toBe(0);
    bench.announce();
    expect(bench.take().map(({ bytes }) => actionOf(bytes))).toEqual([1]); // the id is still good
    bench.now += 60_000;
    bench.announce();
    expect(bench.take().map(({ bytes }) => actionOf(bytes))).toEqual([0]); // a minute later it is not
  });

  test('sends again after 15, 30 and 60 s, then says that the tracker is silent', () => {
    const bench = new Bench();
    const tag = bench.announce();
    const times = [bench.now];
    while (bench.client.pending > 0) {
      bench.wait();
      times.push(bench.now);
    }
    expect(times.map((time) => time - 1_000)).toEqual([0, 15_000, 45_000, 105_000]);
    expect(bench.sent).toHaveLength(3);
    expect(bench.facts).toEqual([{ type: 'tracker_silent', tag }]);
    expect(bench.client.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test('an announce that is lost is sent again; an id that aged meanwhile is renewed', () => {
    const [bench, tracker] = [new Bench({ attempts: 4 }), labTracker()];
    bench.announce();
    bench.answer(tracker);
    bench.take(); // lost
    bench.wait();
    expect(actionOf(bench.take()[0]!.bytes)).toBe(1); // lost as well
    bench.wait();
    expect(actionOf(bench.take()[0]!.bytes)).toBe(1);
    bench.wait(); // 105 s after the start
    expect(actionOf(bench.sent[0]!.bytes)).toBe(0);
    bench.answer(tracker);
    bench.answer(tracker);
    expect(bench.facts).toMatchObject([{ type: 'tracker_answered' }]);
  });

  test('a late answer to an earlier attempt is an answer', () => {
    const [bench, tracker] = [new Bench(), labTracker()];
    bench.announce();
    bench.answer(tracker);
    const first = bench.take();
    bench.wait();
    bench.take();
    bench.sent = first;
    bench.answer(tracker);
    expect(bench.facts).toMatchObject([{ type: 'tracker_answered' }]);
  });

  test('a tracker that forgot our id is asked for a new one, once', () => {
    const [bench, tracker] = [new Bench(), labTracker(1)];
    bench.announce();
    bench.answer(tracker);
    bench.answer(tracker);
    const restarted = labTracker(2);
    bench.announce();
    bench.answer(restarted); // unknown connection id
    expect(actionOf(bench.sent[0]!.bytes)).toBe(0);
    bench.answer(restarted);
    bench.answer(restarted);
    expect(bench.facts.map((fact) => fact.type)).toEqual(['tracker_answered', 'tracker_answered']);
  });

  test('a refusal with a fresh id is final', () => {
    const [bench, tracker] = [new Bench(), labTracker()];
    bench.announce(TRACKER, '', { ...REQUEST, infoHash: SECRET });
    bench.answer(tracker);
    bench.answer(tracker);
    expect(bench.facts).toMatchObject([{ type: 'tracker_refused', refusal: { text: 'torrent not registered' } }]);
  });

  test('answers from elsewhere, with another transaction or too short are nothing', () => {
    const [bench, tracker] = [new Bench(), labTracker()];
    bench.announce();
    bench.answer(tracker, { address: '127.0.0.8', port: 6969 });
    bench.client.receive(new Uint8Array(16), TRACKER, bench.now, bench.out);
    bench.client.receive(new Uint8Array(3), TRACKER, bench.now, bench.out);
    expect(bench.sent).toEqual([]);
    expect(bench.facts).toEqual([]);
    expect(bench.client.pending).toBe(1);
  });

  test('a malformed answer ends the request', () => {
    const bench = new Bench();
    const tag = bench.announce();
    const reply = new Uint8Array(12);
    reply.set(bench.take()[0]!.bytes.subarray(12, 16), 4);
    bench.client.receive(reply, TRACKER, bench.now, bench.out);
    expect(bench.facts).toEqual([{ type: 'tracker_malformed', tag, reason: 'truncated', latencyMs: 0 }]);
  });

  test('a cancelled request says nothing more', () => {
    const bench = new Bench();
    bench.client.cancel(bench.announce()!);
    bench.client.cancel(99);
    bench.wait();
    expect(bench.facts).toEqual([]);
    expect(bench.client.pending).toBe(0);
  });

  test('no more requests than its bound, and trackers of the past are forgotten', () => {
    const bench = new Bench({ maxRequests: 2 });
    for (let i = 1; i < 50; i++) {
      const tag = bench.announce({ address: `127.0.1.${i}`, port: 1 });
      bench.client.cancel(tag!);
    }
    bench.announce();
    bench.announce();
    expect(bench.announce()).toBeUndefined();
  });

  test('more infohashes than a datagram holds break an invariant', () => {
    const bench = new Bench();
    const many = Array.from({ length: 75 }, () => INFO_HASH);
    expect(() => bench.client.scrape(TRACKER, many, bench.now, bench.out)).toThrow();
  });
});
