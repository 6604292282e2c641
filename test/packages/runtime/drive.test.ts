// A machine on a real loopback socket: datagrams both ways, its timer, calls from outside, what happens when it breaks.
import type { Endpoint, Machine, Out } from '@swarmscope/bittorrent/machine.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { type Driven, drive } from '@swarmscope/runtime/drive.ts';
import { openUdp, type UdpSocket } from '@swarmscope/runtime/udp.ts';
import { afterEach, describe, expect, test, vi } from 'vitest';

interface EchoFact {
  what: 'heard' | 'ticked';
  text: string;
}

/** Answers what begins with "?", tells what it hears, ticks once at its alarm. */
class Echo implements Machine<EchoFact> {
  alarm = Number.POSITIVE_INFINITY;
  ticks = 0;
  receive(bytes: Uint8Array, from: Endpoint, _now: number, out: Out<EchoFact>): void {
    const text = new TextDecoder().decode(bytes);
    if (text === 'break') throw new Error('broken');
    if (text.startsWith('?')) out.send(bytes.subarray(1), from);
    out.emit({ what: 'heard', text });
  }
  tick(_now: number, out: Out<EchoFact>): void {
    this.ticks += 1;
    this.alarm = Number.POSITIVE_INFINITY;
    out.emit({ what: 'ticked', text: '' });
  }
  deadline(): number {
    return this.alarm;
  }
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const onInvariant = (error: unknown) => {
  throw error;
};
const bytes = (text: string) => new TextEncoder().encode(text);

async function start(report: (error: unknown) => void = onInvariant) {
  const socket = await openUdp({ address: '127.0.0.1', port: 0 });
  const driven: Driven<Echo, EchoFact> = drive(new Echo(), socket, systemClock, report);
  closing.push(() => driven.stop());
  const facts: EchoFact[] = [];
  driven.listen((fact) => facts.push(fact));
  return { driven, facts, socket };
}

function heard(facts: EchoFact[], text: string) {
  return vi.waitFor(() => expect(facts).toContainEqual({ what: 'heard', text }), { timeout: 5_000, interval: 1 });
}

describe('drive', () => {
  test('two machines talk; facts come in order', async () => {
    const [left, right] = [await start(), await start()];
    left.driven.act((_machine, _now, out) => {
      out.send(bytes('?first'), right.driven.local);
      out.send(bytes('?second'), right.driven.local);
    });
    await heard(left.facts, 'second');
    expect(right.facts.map((fact) => fact.text)).toEqual(['?first', '?second']);
    expect(left.facts.map((fact) => fact.text)).toEqual(['first', 'second']);
    expect(left.socket.counters).toMatchObject({ datagramsOut: 2, bytesOut: 13, datagramsIn: 2, bytesIn: 11, sendErrors: 0 });
  });

  test('a deadline set by a call from outside is kept once, and moved by the next call', async () => {
    const { driven, facts } = await start();
    driven.act((machine, now) => {
      machine.alarm = now + 60_000;
    });
    driven.act((machine, now) => {
      machine.alarm = now + 2;
    });
    await vi.waitFor(() => expect(facts).toEqual([{ what: 'ticked', text: '' }]), { timeout: 5_000, interval: 1 });
    expect(driven.act((machine) => machine.ticks)).toBe(1);
  });

  test('after the process stood still, what waits in the socket is read before anything is overdue', async () => {
    const [left, right] = [await start(), await start()];
    right.driven.act((machine, now, out) => {
      machine.alarm = now + 100;
      for (let i = 0; i < 100; i += 1)
        left.driven.act((_machine, _now, other) => other.send(bytes(`late ${i}`), right.driven.local));
      out.emit({ what: 'heard', text: 'asked' });
    });
    const until = performance.now() + 300;
    while (performance.now() < until); // the event loop stands still, past the deadline
    await vi.waitFor(() => expect(right.facts.at(-1)).toEqual({ what: 'ticked', text: '' }), { timeout: 5_000, interval: 1 });
    expect(right.facts.map((fact) => fact.text)).toEqual(['asked', ...Array.from({ length: 100 }, (_, i) => `late ${i}`), '']);
  });

  test('a listener may act: what it finds comes after', async () => {
    const { driven } = await start();
    const seen: string[] = [];
    const stop = driven.listen((fact) => {
      seen.push(fact.text);
      if (fact.text === 'one') driven.act((_machine, _now, out) => out.emit({ what: 'heard', text: 'three' }));
    });
    const result = driven.act((_machine, _now, out) => {
      out.emit({ what: 'heard', text: 'one' });
      out.emit({ what: 'heard', text: 'two' });
      return 'returned';
    });
    expect(result).toBe('returned');
    expect(seen).toEqual(['one', 'two', 'three']);
    stop();
    driven.act((_machine, _now, out) => out.emit({ what: 'heard', text: 'four' }));
    expect(seen).toHaveLength(3);
  });

  test('what a machine throws is reported, and it is driven no further', async () => {
    const errors: unknown[] = [];
    const broken = await start((error) => errors.push(error));
    const { driven } = await start();
    driven.act((_machine, _now, out) => out.send(bytes('break'), broken.driven.local));
    await vi.waitFor(() => expect(errors).toHaveLength(1), { timeout: 5_000, interval: 1 });
    driven.act((_machine, _now, out) => out.send(bytes('?more'), broken.driven.local));
    await vi.waitFor(() => expect(broken.socket.counters.datagramsIn).toBe(2), { timeout: 5_000, interval: 1 });
    expect(broken.facts).toEqual([]);
    expect(errors).toHaveLength(1);
  });

  test('what a call from outside throws goes to its caller', async () => {
    const { driven } = await start();
    expect(() =>
      driven.act(() => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
  });
});

describe('udp', () => {
  const udp = async (address: string): Promise<UdpSocket> => {
    const socket = await openUdp({ address, port: 0, receiveBufferBytes: 65_536 });
    closing.push(() => socket.close());
    return socket;
  };

  test('what cannot be sent is counted, not thrown', async () => {
    const socket = await udp('127.0.0.1');
    socket.send(bytes('x'), { address: '127.0.0.1', port: 0 });
    socket.send(bytes('x'), { address: '::1', port: 9 });
    socket.send(bytes('x'), { address: 'nowhere', port: 9 });
    socket.send(new Uint8Array(70_000), { address: '127.0.0.1', port: 9 });
    await vi.waitFor(() => expect(socket.counters.sendErrors).toBe(4), { timeout: 5_000, interval: 1 });
    await socket.close();
    socket.send(bytes('x'), socket.local);
    expect(socket.counters.sendErrors).toBe(5);
    await socket.close();
  });

  test('after many that left well, trouble that lasts is counted within sixteen datagrams', async () => {
    const socket = await udp('127.0.0.1');
    for (let i = 0; i < 200; i++) socket.send(bytes('x'), socket.local);
    for (let i = 0; i < 100; i++) {
      socket.send(new Uint8Array(70_000), socket.local);
      await new Promise(setImmediate);
    }
    expect(socket.counters.sendErrors).toBeGreaterThan(100 - 16);
    expect(socket.counters.sendErrors).toBeLessThanOrEqual(100);
  });

  test('a port in use is the system’s error', async () => {
    const socket = await udp('127.0.0.1');
    await expect(openUdp(socket.local)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(openUdp({ address: 'localhost', port: 0 })).rejects.toThrow('not an IP address');
  });
});
