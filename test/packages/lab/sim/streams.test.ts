// Streams of the simulated world: a handshake with lab peers over virtual links, every way a dial can end, order and back-pressure.
import type { Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { LabPeer } from '@swarmscope/lab/sim/peer.ts';
import { LabPeerSession, type PeerSessionFact } from '@swarmscope/lab/sim/peer-session.ts';
import { SimStreams } from '@swarmscope/lab/sim/streams.ts';
import { SimWorld } from '@swarmscope/lab/sim/world.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';

const content = new Content({ name: 'x', seed: 3, pieceBytes: 16_384, files: [{ path: 'x', bytes: 10 * 16_384 }] });
const there = { address: '5.1.1.1', port: 6_881 };

function make(): { world: SimWorld; streams: SimStreams } {
  const random = seededRandom(1);
  const world = new SimWorld(random, { latencyMs: 1, jitterMs: 0, loss: 0 });
  return { world, streams: new SimStreams(world, random, { latencyMs: 40, jitterMs: 20, connectTimeoutMs: 5_000 }) };
}

/** Writes what it is told, notes what it hears and how it ended. */
class Talker implements Session<string> {
  readonly heard: number[] = [];
  readonly events: string[] = [];
  outcome: Outcome | undefined;
  toSay: Uint8Array[];
  wakeMs = Number.POSITIVE_INFINITY;
  pauses = false;
  constructor(...toSay: Uint8Array[]) {
    this.toSay = toSay;
  }

  opened(now: number, out: SessionOut<string>): void {
    this.events.push(`opened ${Math.round(now)}`);
    if (this.pauses) out.pause();
    this.#say(out);
  }

  #say(out: SessionOut<string>): void {
    while (this.toSay.length > 0) if (!out.write(this.toSay.shift()!)) return;
  }

  receive(bytes: Uint8Array, _now: number, out: SessionOut<string>): void {
    this.heard.push(...bytes);
    out.emit(`heard ${bytes.length}`);
  }

  writable(_now: number, out: SessionOut<string>): void {
    this.events.push('writable');
    this.#say(out);
  }

  closed(outcome: Outcome): void {
    this.outcome = outcome;
  }

  tick(now: number): void {
    this.events.push(`tick ${now}`);
    this.wakeMs = Number.POSITIVE_INFINITY;
  }

  deadline(): number {
    return this.wakeMs;
  }
}

test('two lab peers meet, one dialling the other', () => {
  const { world, streams } = make();
  const facts: PeerSessionFact[] = [];
  const seeder = new LabPeer({ kind: 'seeder', content, endpoint: there, seed: 1 });
  const caller = new LabPeer({ kind: 'leecher', has: 2, content, endpoint: there, seed: 2 });
  void streams.listen<PeerSessionFact>(there, () => ({
    session: new LabPeerSession(seeder),
    onFact: (fact) => facts.push(fact),
  }));
  const dialling = new LabPeerSession(caller, () => [], content.infoHashV1!);
  streams.dial(there, dialling, (fact: PeerSessionFact) => facts.push(fact));
  world.run(2_000);
  expect(facts.map((fact) => fact.type)).toEqual(['met', 'met']);
  expect(streams.sessions).toBe(2);
});

test('a dial ends refused, timed out, hung up, or behind a NAT', () => {
  const { world, streams } = make();
  void streams.listen(there, () => undefined);
  void streams.listen({ address: '5.2.2.2', port: 1 }, () => ({ session: new Talker(), onFact: () => {} }), { nat: true });
  const outcomes = [there, { ...there, port: 9 }, { address: '5.9.9.9', port: 1 }, { address: '5.2.2.2', port: 1 }].map((to) => {
    const session = new Talker();
    streams.dial(to, session, () => {});
    return session;
  });
  world.run(10_000);
  expect(outcomes.map((session) => session.outcome)).toEqual(['closed_early', 'refused', 'timeout', 'timeout']);
  expect(streams.sessions).toBe(0);
});

test('bytes come in order, writers wait for room, the end comes last', () => {
  const { world, streams } = make();
  const blocks = Array.from({ length: 40 }, (_, i) => new Uint8Array(5_000).fill(i));
  const speaker = new Talker(...blocks);
  const listener = new Talker();
  void streams.listen<string>(there, () => ({ session: listener, onFact: () => {} }));
  const facts: string[] = [];
  const conversation = streams.dial<string, Talker>(there, speaker, (fact) => facts.push(fact));
  expect(conversation.act(() => 1)).toBeUndefined();
  world.run(3_000);
  expect(listener.heard.length).toBe(200_000);
  expect(listener.heard.every((byte, i) => byte === Math.floor(i / 5_000))).toBe(true);
  expect(speaker.events).toContain('writable');
  conversation.act((_session, _now, out) => {
    out.write(Uint8Array.of(99));
    out.end();
  });
  world.run(6_000);
  expect([listener.heard.at(-1), listener.outcome, speaker.outcome, streams.sessions]).toEqual([
    99,
    'closed_early',
    'closed_early',
    0,
  ]);
});

test('timers run, a pause holds back, an abort is heard by both', () => {
  const { world, streams } = make();
  const near = new Talker();
  const far = new Talker(Uint8Array.of(1), Uint8Array.of(2));
  near.wakeMs = 700;
  near.pauses = true;
  void streams.listen<string>(there, () => ({ session: far, onFact: () => {} }));
  const facts: string[] = [];
  const conversation = streams.dial<string, Talker>(there, near, (fact) => facts.push(fact));
  world.run(1_000);
  expect(near.heard).toEqual([]);
  expect(near.events.at(-1)).toBe('tick 700');
  conversation.act((_session, _now, out) => out.resume());
  world.run(1_100);
  expect([near.heard, facts]).toEqual([
    [1, 2],
    ['heard 1', 'heard 1'],
  ]);
  conversation.abort();
  world.run(2_000);
  expect([near.outcome, far.outcome]).toEqual(['closed_early', 'closed_early']);
});
