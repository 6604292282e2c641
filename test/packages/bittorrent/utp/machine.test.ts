// uTP over lines that lose, double and reorder: every byte once and in order, orderly and disorderly ends, forged packets, and a queue that stays short.
import { encodePacket } from '@swarmscope/bittorrent/utp/packet.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';
import { CLEAN, type Line, Link, Pipe } from './link.ts';

const LONG = 10 * 60_000;

function randomBytes(random: () => number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

describe('bytes both ways', () => {
  const lines: [string, Line][] = [
    ['a clean line', CLEAN],
    ['reordering', { ...CLEAN, jitterMs: 60 }],
    ['doubling', { ...CLEAN, doubling: 0.3 }],
    ['3 % loss', { ...CLEAN, loss: 0.03 }],
    ['20 % loss, doubling, reordering', { delayMs: 60, jitterMs: 80, loss: 0.2, doubling: 0.1 }],
  ];
  test.each(lines)('%s: every byte once and in order, then an orderly end', (_name, line) => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = seededRandom(seed * 7);
      const [forth, back] = [randomBytes(random, 120_000), randomBytes(random, 50_000)];
      const far = new Pipe(back);
      const near = new Pipe(forth, true);
      const link = new Link(seed, line, { accept: () => far });
      link.dial(near);
      link.run(LONG);
      expect(Buffer.compare(far.bytes, forth), `seed ${seed}`).toBe(0);
      expect([near.outcome, far.outcome], `seed ${seed}`).toEqual(['closed_early', 'closed_early']);
      expect([near.closes, far.closes]).toEqual([1, 1]);
      expect([link.machines.a.size, link.machines.b.size]).toEqual([0, 0]);
      expect(link.machines.a.deadline()).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('what the far side says comes whole too, when the near side waits for it', () => {
    const back = randomBytes(seededRandom(3), 200_000);
    const near = new Pipe();
    const link = new Link(3, { ...CLEAN, loss: 0.05, jitterMs: 30 }, { accept: () => new Pipe(back, true) });
    link.dial(near);
    link.run(LONG);
    expect(Buffer.compare(near.bytes, back)).toBe(0);
  });
});

describe('beginnings and ends', () => {
  test('nobody there: timeout', () => {
    const near = new Pipe();
    const link = new Link(1, CLEAN);
    link.cut = true;
    link.dial(near);
    link.run(5_999);
    expect(near.outcome).toBeUndefined();
    link.run(6_001);
    expect(near).toMatchObject({ outcome: 'timeout', closes: 1, openedAt: undefined });
  });

  test('the far side does not want anybody: nothing is answered', () => {
    const near = new Pipe();
    const link = new Link(1, CLEAN);
    link.dial(near);
    link.run(LONG);
    expect(near.outcome).toBe('timeout');
    expect(link.machines.b.counters.declined).toBeGreaterThan(0);
  });

  test('a line that is cut: both sides find out', () => {
    const far = new Pipe();
    const near = new Pipe(new Uint8Array(400_000));
    const link = new Link(1, { ...CLEAN, bytesPerMs: 50 }, { accept: () => far });
    link.dial(near);
    link.run(1_000);
    expect(far.bytes.length).toBeGreaterThan(0);
    link.cut = true;
    link.run(LONG);
    expect(near.outcome).toBe('timeout');
    expect(link.machines.a.size).toBe(0);
  });

  test('an abort is a RESET for the other side', () => {
    const far = new Pipe();
    const near = new Pipe();
    const link = new Link(1, CLEAN, { accept: () => far });
    const connection = link.dial(near);
    link.run(500);
    link.machines.a.act(connection, (_session, _now, out) => out.write(Uint8Array.of(1)), link.now, link.out('a'));
    link.run(1_000);
    link.machines.a.abort(connection, link.now, link.out('a'));
    link.run(2_000);
    expect([near.outcome, far.outcome]).toEqual(['closed_early', 'reset']);
  });

  test('above the cap nothing is begun and nothing is answered', () => {
    const link = new Link(1, CLEAN, { accept: () => new Pipe(), maxConnections: 2 });
    for (let i = 0; i < 2; i++) link.dial(new Pipe());
    expect(link.machines.a.dial(Link.ENDPOINTS.b, new Pipe(), 0, link.out('a'))).toBeUndefined();
  });
});

describe('forged packets', () => {
  const forged = {
    connectionId: 7,
    timestampUs: 0,
    differenceUs: 0,
    window: 1_000,
    seq: 5,
    ack: 0,
    sack: undefined,
    payload: new Uint8Array(0),
  };

  test('a SYN from a forged address makes no session, and is forgotten', () => {
    let sessions = 0;
    const accept = () => {
      sessions++;
      return new Pipe();
    };
    const link = new Link(1, CLEAN, { accept });
    for (let id = 0; id < 60; id++) link.inject('b', encodePacket({ ...forged, type: 'syn', connectionId: id * 2 }));
    link.run(100);
    // A quarter of the hundred connections, and no more.
    expect(link.machines.b.size).toBe(25);
    expect(link.machines.b.counters.declined).toBe(35);
    link.run(LONG);
    expect(sessions).toBe(0);
    expect(link.machines.b.size).toBe(0);
  });

  test('a RESET that does not know our numbers ends nothing; an acknowledgement of what was never sent neither', () => {
    const far = new Pipe();
    const near = new Pipe();
    const link = new Link(1, CLEAN, { accept: () => far });
    const connection = link.dial(near);
    link.run(500);
    for (const type of ['reset', 'state', 'data'] as const)
      for (let ack = 0; ack < 0x10000; ack += 997)
        link.inject('a', encodePacket({ ...forged, type, connectionId: connection.receiveId, ack, seq: 40_000 }));
    link.run(1_000);
    expect(near.outcome).toBeUndefined();
    expect(near.bytes.length).toBe(0);
  });

  test('strays and junk are counted', () => {
    const link = new Link(1, CLEAN);
    link.inject('b', encodePacket({ ...forged, type: 'data' }));
    link.inject('b', new Uint8Array(30));
    link.run(100);
    expect(link.machines.b.counters).toMatchObject({ stray: 1, malformed: 1 });
  });
});

test('it gives way: the queue that it makes on a slow line stays near its target of 100 ms', () => {
  const far = new Pipe();
  const near = new Pipe(new Uint8Array(2_000_000), true);
  const link = new Link(1, { ...CLEAN, bytesPerMs: 100, queueMs: 2_000 }, { accept: () => far });
  link.dial(near);
  link.run(LONG);
  expect(far.bytes.length).toBe(2_000_000);
  expect(link.mostQueuedMs).toBeLessThan(250);
});
