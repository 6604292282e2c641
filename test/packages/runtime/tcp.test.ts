// Stream sessions on real loopback connections: opened, received, back-pressure, timers, and exactly one `closed`, last, however it ends.

import { createServer, Socket } from 'node:net';
import type { Endpoint, Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { ManualClock, systemClock } from '@swarmscope/runtime/clock.ts';
import { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import { TcpLink } from '@swarmscope/runtime/tcp-link.ts';
import { afterEach, describe, expect, test, vi } from 'vitest';

type Out = SessionOut<string>;
interface Script {
  opened?: (out: Out) => void;
  receive?: (text: string, out: Out) => void;
  writable?: (out: Out) => void;
}

/** Does what its script says, and remembers every call. */
class Scripted implements Session<string> {
  readonly calls: string[] = [];
  bytes = 0;
  dueMs = Number.POSITIVE_INFINITY;
  outcome: Outcome | undefined;
  readonly #script: Script;
  constructor(script: Script = {}) {
    this.#script = script;
  }
  opened(_now: number, out: Out): void {
    this.calls.push('opened');
    this.#script.opened?.(out);
  }
  receive(bytes: Uint8Array, _now: number, out: Out): void {
    this.bytes += bytes.length;
    if (this.calls.at(-1) !== 'receive') this.calls.push('receive');
    this.#script.receive?.(new TextDecoder().decode(bytes), out);
  }
  writable(_now: number, out: Out): void {
    this.calls.push('writable');
    this.#script.writable?.(out);
  }
  closed(outcome: Outcome, _now: number, out: Out): void {
    this.calls.push('closed');
    this.outcome = outcome;
    expect(out.write(bytes('late'))).toBe(false);
    out.emit(`closed ${outcome}`);
  }
  tick(_now: number, out: Out): void {
    this.calls.push('tick');
    this.dueMs = Number.POSITIVE_INFINITY;
    out.emit('ticked');
  }
  deadline(): number {
    return this.dueMs;
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 1 });

function transport(options: { maxSessions?: number; connectTimeoutMs?: number; onInvariant?: (error: unknown) => void } = {}) {
  const tcp = new TcpTransport({
    clock: systemClock,
    maxSessions: options.maxSessions ?? 100,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    onInvariant:
      options.onInvariant ??
      ((error) => {
        throw error;
      }),
  });
  closing.push(() => tcp.close());
  return tcp;
}

const HERE: Endpoint = { address: '127.0.0.1', port: 0 };

/** A listener whose sessions follow `script`. */
async function served(script: Script, tcp = transport()) {
  const sessions: Scripted[] = [];
  const from: Endpoint[] = [];
  const listener = await tcp.listen<string>(HERE, (remote) => {
    const session = new Scripted(script);
    sessions.push(session);
    from.push(remote);
    return { session, onFact: () => {} };
  });
  return { tcp, listener, sessions, from };
}

describe('conversations', () => {
  test('a request and its answer, then an orderly end on both sides', async () => {
    const { listener, sessions } = await served({ receive: (text, out) => void out.write(bytes(`<${text}>`)) });
    const tcp = transport();
    const facts: string[] = [];
    const session = new Scripted({
      opened: (out) => void out.write(bytes('hello')),
      receive: (text, out) => {
        out.emit(text);
        out.end();
      },
    });
    const conversation = tcp.dial(listener.local, session, (fact) => facts.push(fact));
    expect(conversation.act(() => 'called')).toBeUndefined();
    expect(tcp.sessions).toBe(1);
    await until(() => expect(session.outcome).toBe('closed_early'));
    await until(() => expect(sessions[0]?.outcome).toBe('closed_early'));
    expect(session.calls).toEqual(['opened', 'receive', 'closed']);
    expect(facts).toEqual(['<hello>', 'closed closed_early']);
    expect(tcp.sessions).toBe(0);
    expect(conversation.act(() => 'called')).toBeUndefined();
    expect(tcp.counters).toMatchObject({ dialled: 1, connected: 1, bytesOut: 5, bytesIn: 7 });
  });

  test('a call from outside reaches the session; the source address is the one asked for', async () => {
    const { listener, from, sessions } = await served({});
    const session = new Scripted();
    const conversation = transport().dial(listener.local, session, () => {}, { localAddress: '127.9.8.7' });
    await until(() => expect(session.calls).toEqual(['opened']));
    expect(conversation.act((own, _now, out) => [own === session, out.write(bytes('hi'))])).toEqual([true, true]);
    await until(() => expect(sessions[0]?.bytes).toBe(2));
    expect(from[0]?.address).toBe('127.9.8.7');
  });

  test('an inbound conversation can be joined from outside', async () => {
    const tcp = transport();
    const session = new Scripted();
    const listener = await tcp.listen<string>(HERE, () => ({
      session,
      onFact: () => {},
      joined: (conversation) => setImmediate(() => conversation.act((_own, _now, out) => out.write(bytes('you called?')))),
    }));
    const caller = new Scripted();
    tcp.dial(listener.local, caller, () => {});
    await until(() => expect(caller.bytes).toBe(11));
  });

  test('ticks come at the deadline, and facts of a tick arrive', async () => {
    const { listener } = await served({});
    const session = new Scripted();
    const facts: string[] = [];
    const conversation = transport().dial(listener.local, session, (fact) => facts.push(fact));
    await until(() => expect(session.calls).toEqual(['opened']));
    conversation.act((own, now) => {
      own.dueMs = now + 3;
    });
    await until(() => expect(facts).toEqual(['ticked']));
  });
});

describe('back-pressure', () => {
  test('write says false above the mark, writable follows; a paused reader holds everything up, and nothing is lost', async () => {
    const total = 8 * 1024 * 1024;
    const { listener, sessions } = await served({
      opened: (out) => {
        out.pause();
        setTimeout(() => out.resume(), 30);
      },
    });
    let sent = 0;
    const pump = (out: Out) => {
      while (sent < total) {
        sent += 65_536;
        if (!out.write(new Uint8Array(65_536))) return;
      }
      out.end();
    };
    const session = new Scripted({ opened: pump, writable: pump });
    transport().dial(listener.local, session, () => {});
    await until(() => expect(sessions[0]?.outcome).toBe('closed_early'));
    expect(sessions[0]!.bytes).toBe(total);
    await until(() => expect(session.calls.at(-1)).toBe('closed'));
    expect(session.calls).toContain('writable');
  });
});

describe('reads', () => {
  test('sockets that were dialled read into one buffer: each session gets its own bytes, also after a pause', async () => {
    const total = 1024 * 1024;
    const { listener } = await served({
      receive: (text, out) => {
        for (let sent = 0; sent < total; sent += 65_536) out.write(new Uint8Array(65_536).fill(text.charCodeAt(0)));
        out.end();
      },
    });
    const tcp = transport();
    const wrong = new Set<string>();
    const sessions = ['a', 'b', 'c'].map((name) => {
      const session = new Scripted({
        opened: (out) => {
          out.write(bytes(name));
          out.pause();
          setImmediate(() => out.resume());
        },
        receive: (text) => {
          for (const letter of new Set(text)) if (letter !== name) wrong.add(`${letter} for ${name}`);
        },
      });
      tcp.dial(listener.local, session, () => {});
      return session;
    });
    await until(() => expect(sessions.map((session) => session.outcome)).toEqual(Array(3).fill('closed_early')));
    expect(sessions.map((session) => session.bytes)).toEqual(Array(3).fill(total));
    expect([...wrong]).toEqual([]);
  });
});

describe('writes', () => {
  test('what one call writes leaves together, before the end that follows', async () => {
    const chunks: string[] = [];
    const server = createServer((socket) => socket.on('data', (chunk) => chunks.push(String(chunk))));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const tcp = transport();
    const session = new Scripted({
      opened: (out) => {
        for (const part of ['a', 'b', 'c']) out.write(bytes(part));
        out.end();
      },
    });
    tcp.dial({ address: '127.0.0.1', port: (server.address() as { port: number }).port }, session, () => {});
    await until(() => expect(session.calls).toEqual(['opened', 'closed']));
    await until(() => expect(chunks).toEqual(['abc']));
    expect(tcp.counters.bytesOut).toBe(3);
  });
});

describe('how it ends', () => {
  test('refused', async () => {
    const { listener } = await served({});
    await listener.close();
    const session = new Scripted();
    transport().dial(listener.local, session, () => {});
    await until(() => expect(session.calls).toEqual(['closed']));
    expect(session.outcome).toBe('refused');
  });

  test('unreachable: a source address that is not ours', async () => {
    const session = new Scripted();
    transport().dial({ address: '127.0.0.1', port: 9 }, session, () => {}, { localAddress: '192.0.2.1' });
    await until(() => expect(session.outcome).toBe('unreachable_net'));
  });

  test('timeout: no answer to the dial', async () => {
    const clock = new ManualClock();
    const due: number[] = [];
    let ended = 0;
    const session = new Scripted();
    const counters = { connected: 0, bytesIn: 0, bytesOut: 0 };
    const shell = {
      now: () => clock.now(),
      onInvariant: () => {},
      counters,
      due: (_link: unknown, dueMs: number) => due.push(dueMs),
      ended: () => (ended += 1),
    };
    const link = new TcpLink(shell, HERE, session as Session<unknown>, () => {});
    link.connecting(new Socket(), 3_000);
    expect(due).toEqual([3_000]);
    clock.advance(3_000);
    link.tick(clock.now());
    await until(() => expect(session.outcome).toBe('timeout'));
    expect([session.calls, ended, counters.connected]).toEqual([['closed'], 1, 0]);
  });

  test('a remote that never reads the rest is cut some seconds after the end', async () => {
    const clock = new ManualClock();
    let dueMs = 0;
    const shell = {
      now: () => clock.now(),
      onInvariant: () => {},
      counters: { connected: 0, bytesIn: 0, bytesOut: 0 },
      due: (_link: unknown, ms: number) => (dueMs = ms),
      ended: () => {},
    };
    const session = new Scripted({ opened: (out) => out.end() });
    const link = new TcpLink(shell, HERE, session as Session<unknown>, () => {});
    link.accepted(new Socket());
    expect(session.calls).toEqual(['opened']);
    expect(dueMs).toBe(5_000);
    clock.advance(5_000);
    link.tick(clock.now());
    await until(() => expect(session.calls).toEqual(['opened', 'closed']));
  });

  test('reset by the remote', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const session = new Scripted({ opened: (out) => void out.write(bytes('x')) });
    transport().dial({ address: '127.0.0.1', port: (server.address() as { port: number }).port }, session, () => {});
    await until(() => expect(session.outcome).toBe('reset'));
    expect(session.calls).toEqual(['opened', 'closed']);
  });

  test('aborted by its own session, or from outside, even before it was connected', async () => {
    const { listener } = await served({});
    const tcp = transport();
    const own = new Scripted({ opened: (out) => out.abort() });
    tcp.dial(listener.local, own, () => {});
    const outside = new Scripted();
    const conversation = tcp.dial(listener.local, outside, () => {});
    conversation.abort();
    conversation.abort();
    await until(() => expect([own.outcome, outside.outcome]).toEqual(['closed_early', 'closed_early']));
    expect(outside.calls).toEqual(['closed']);
    expect(own.calls).toEqual(['opened', 'closed']);
  });

  test('busy: no more sessions than the cap, dialled or inbound', async () => {
    const { listener, tcp: server, sessions } = await served({}, transport({ maxSessions: 1 }));
    const tcp = transport({ maxSessions: 2 });
    const all = [new Scripted(), new Scripted(), new Scripted()];
    for (const session of all) tcp.dial(listener.local, session, () => {});
    expect(all[2]!.calls).toEqual([]);
    await until(() => expect(all[2]!.outcome).toBe('busy'));
    await until(() => expect(sessions).toHaveLength(1));
    await until(() => expect(server.counters.declined).toBe(1));
    expect(tcp.sessions).toBeLessThanOrEqual(2);
  });

  test('close ends all, and each hears it', async () => {
    const { listener } = await served({});
    const tcp = transport();
    const all = Array.from({ length: 5 }, () => new Scripted());
    for (const session of all) tcp.dial(listener.local, session, () => {});
    await tcp.close();
    expect(all.map((session) => session.calls.at(-1))).toEqual(Array(5).fill('closed'));
    const late = new Scripted();
    tcp.dial(listener.local, late, () => {});
    await until(() => expect(late.outcome).toBe('busy'));
  });

  test('a session that throws is reported and cut; the others go on', async () => {
    const errors: unknown[] = [];
    const { listener } = await served({ receive: (text, out) => void out.write(bytes(text)) });
    const tcp = transport({ onInvariant: (error) => errors.push(error) });
    const bad = new Scripted({
      opened: () => {
        throw new Error('broken');
      },
    });
    const good = new Scripted({ opened: (out) => void out.write(bytes('x')) });
    tcp.dial(listener.local, bad, () => {});
    tcp.dial(listener.local, good, () => {});
    await until(() => expect(good.bytes).toBe(1));
    await until(() => expect(tcp.sessions).toBe(1));
    expect(errors).toHaveLength(1);
    expect(bad.calls).toEqual(['opened']);
  });
});
