// Ways to a peer by table: what is tried after which failure, what is remembered; and the dialler on transports that are moved by hand.
import type { Endpoint, Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { DEFAULT_TIMES, type PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { encodeHandshake } from '@swarmscope/bittorrent/peer/handshake.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import type { Task } from '@swarmscope/swarm-prober/agenda.ts';
import { Dialler, type DiallerOptions } from '@swarmscope/swarm-prober/dialler.ts';
import { nextWay, PLAIN_TCP, PLAIN_UTP, type Tried, tellingOf, type Way, WayMemory } from '@swarmscope/swarm-prober/ways.ts';
import { describe, expect, test } from 'vitest';
import { makeSwarm } from '../../packages/bittorrent/peer/swarm-stub.ts';

const MSE_TCP: Way = { transport: 'tcp', encrypted: true };
const MSE_UTP: Way = { transport: 'utp', encrypted: true };
const tried = (way: Way, outcome: Outcome, opened = false): Tried => ({ way, outcome, opened });

describe('the next way', () => {
  test.each<[string, Tried[], Way | undefined]>([
    ['refused over TCP: uTP', [tried(PLAIN_TCP, 'refused')], PLAIN_UTP],
    ['no answer over TCP: uTP', [tried(PLAIN_TCP, 'timeout')], PLAIN_UTP],
    ['neither answers: nothing', [tried(PLAIN_TCP, 'refused'), tried(PLAIN_UTP, 'timeout')], undefined],
    ['closed at once: encrypted', [tried(PLAIN_TCP, 'closed_early', true)], MSE_TCP],
    ['reset at once: encrypted', [tried(PLAIN_TCP, 'reset', true)], MSE_TCP],
    ['closed over uTP: encrypted uTP', [tried(PLAIN_TCP, 'timeout'), tried(PLAIN_UTP, 'closed_early', true)], MSE_UTP],
    ['closed both ways: uTP', [tried(PLAIN_TCP, 'closed_early', true), tried(MSE_TCP, 'closed_early', true)], PLAIN_UTP],
    [
      'closed every way: nothing',
      [PLAIN_TCP, MSE_TCP, PLAIN_UTP, MSE_UTP].map((way) => tried(way, 'closed_early', true)),
      undefined,
    ],
    ['a silent stream stays silent', [tried(PLAIN_TCP, 'timeout', true)], undefined],
    ['another swarm is another swarm', [tried(PLAIN_TCP, 'wrong_infohash', true)], undefined],
    ['remembered as encrypted, now plain', [tried(MSE_TCP, 'timeout', true)], PLAIN_TCP],
    ['remembered over uTP, gone from there', [tried(PLAIN_UTP, 'timeout')], PLAIN_TCP],
  ])('%s', (_, attempts, next) => {
    expect(nextWay(attempts, true)).toEqual(next);
  });

  test('without uTP there is none', () => {
    expect(nextWay([tried(PLAIN_TCP, 'refused')], false)).toBeUndefined();
  });

  test('the attempt that tells is the one that got through, else the first', () => {
    const [first, second] = [tried(PLAIN_TCP, 'refused'), tried(PLAIN_UTP, 'timeout')];
    expect(tellingOf([first, second])).toBe(first);
    const third = tried(PLAIN_UTP, 'closed_early', true);
    expect(tellingOf([first, third])).toBe(third);
  });
});

test('what worked is remembered unless it is what everybody is tried with', () => {
  const memory = new WayMemory();
  const at = { address: '192.0.2.1', port: 1 };
  memory.worked(at, MSE_TCP);
  expect(memory.recall(at)).toEqual(MSE_TCP);
  expect(memory.recall({ ...at, port: 2 })).toBeUndefined();
  memory.worked(at, PLAIN_TCP);
  expect(memory.recall(at)).toBeUndefined();
});

interface HandMade {
  readonly transport: 'tcp' | 'utp';
  readonly to: Endpoint;
  readonly session: Session<PeerFact>;
  readonly out: SessionOut<PeerFact>;
  readonly written: Uint8Array[];
  isAborted: boolean;
}

/** A dialler whose transports do nothing by themselves. */
function setUp() {
  const clock = new ManualClock();
  const tasks = new Map<Task, number>(); // bound: one test
  const agenda = { set: (task: Task, dueMs: number) => void tasks.set(task, dueMs) };
  const wait = (ms: number) => {
    clock.advance(ms);
    for (const [task, dueMs] of tasks) if (dueMs <= clock.now() && tasks.delete(task)) task.run(clock.now());
  };
  const dialled: HandMade[] = []; // bound: one test
  const transport = (name: 'tcp' | 'utp') => ({
    local: { address: '192.0.2.99', port: 9 },
    dial(to: Endpoint, session: Session<PeerFact>, onFact: (fact: PeerFact, now: number) => void) {
      const made: HandMade = {
        transport: name,
        to,
        session,
        written: [],
        isAborted: false,
        out: {
          write: (bytes) => made.written.push(bytes.slice()) > 0,
          pause() {},
          resume() {},
          end() {},
          abort() {},
          emit: (fact) => onFact(fact, clock.now()),
        },
      };
      dialled.push(made);
      return {
        remote: to,
        act: (action: (session: Session<PeerFact>, now: number, out: SessionOut<PeerFact>) => unknown) =>
          action(session, clock.now(), made.out),
        abort: () => {
          made.isAborted = true;
        },
      };
    },
  });
  const options = { tcp: transport('tcp'), utp: [transport('utp')], agenda, random: seededRandom(1), localAddress: undefined };
  const dialler = new Dialler({ ...options, now: () => clock.now() } as unknown as DiallerOptions);
  const facts: { type: string; way: string; outcome?: string }[] = []; // bound: one test
  const to = { address: '192.0.2.1', port: 6881 };
  const swarm = makeSwarm();
  const dial = () =>
    dialler.dial({
      to,
      infoHash: swarm.infoHash,
      session: () =>
        new PeerSession({
          peerId: new Uint8Array(20).fill(1),
          swarm,
          remote: to,
          self: { client: 'Test', listenPort: undefined },
          times: DEFAULT_TIMES,
        }),
      onFact: (fact, _now, { way }) =>
        facts.push({
          type: fact.type,
          way: `${way.transport}${way.encrypted ? '+mse' : ''}`,
          ...(fact.type === 'closed' ? { outcome: fact.outcome } : {}),
        }),
    });
  const handshake = encodeHandshake({
    reserved: new Uint8Array(8),
    infoHash: swarm.infoHash,
    peerId: new Uint8Array(20).fill(2),
  });
  const open = (at: number) => dialled[at]!.session.opened(clock.now(), dialled[at]!.out);
  const close = (at: number, outcome: Outcome) => dialled[at]!.session.closed(outcome, clock.now(), dialled[at]!.out);
  const greet = (at: number) => dialled[at]!.session.receive(handshake, clock.now(), dialled[at]!.out);
  return { wait, dialled, dial, facts, open, close, greet };
}

describe('a dial', () => {
  test('refused over TCP goes on over uTP; to its owner it is one dial', () => {
    const { dialled, dial, facts, open, close, greet } = setUp();
    dial();
    close(0, 'refused');
    expect(dialled.map((each) => each.transport)).toEqual(['tcp', 'utp']);
    open(1);
    greet(1);
    close(1, 'closed_early');
    expect(facts.map((fact) => `${fact.type} ${fact.way}`)).toEqual(['opened utp', 'handshaken utp', 'closed utp']);
    expect(facts.at(-1)).toMatchObject({ outcome: 'handshaken' });
  });

  test('not answered for a second has uTP beside it; the first stream that opens is taken, the other one given up', () => {
    const { wait, dialled, dial, facts, open, close, greet } = setUp();
    dial();
    wait(999);
    expect(dialled).toHaveLength(1);
    wait(2);
    expect(dialled.map((each) => each.transport)).toEqual(['tcp', 'utp']);
    open(0);
    expect(dialled[1]!.isAborted).toBe(true);
    close(1, 'closed_early');
    greet(0);
    close(0, 'reset');
    expect(facts.map((fact) => `${fact.type} ${fact.way}`)).toEqual(['opened tcp', 'handshaken tcp', 'closed tcp']);
  });

  test('closed at once is tried encrypted', () => {
    const { dialled, dial, facts, open, close } = setUp();
    dial();
    open(0);
    close(0, 'closed_early');
    expect(dialled).toHaveLength(2);
    open(1);
    // A public key and padding, not a handshake.
    expect(dialled[1]!.written[0]!.length).toBeGreaterThanOrEqual(96);
    close(1, 'reset');
    expect(dialled[2]!.transport).toBe('utp');
    close(2, 'timeout');
    expect(facts.filter((fact) => fact.type === 'closed')).toEqual([{ type: 'closed', way: 'tcp', outcome: 'closed_early' }]);
  });

  test('remembers that uTP worked, and begins with it', () => {
    const { dialled, dial, open, close, greet } = setUp();
    dial();
    close(0, 'refused');
    open(1);
    greet(1);
    close(1, 'closed_early');
    dial();
    expect(dialled[2]!.transport).toBe('utp');
  });

  test('nobody there: what TCP said is what is told', () => {
    const { dial, facts, close } = setUp();
    dial();
    close(0, 'refused');
    close(1, 'timeout');
    expect(facts).toEqual([{ type: 'closed', way: 'tcp', outcome: 'refused' }]);
  });

  test('given up by its owner begins nothing more', () => {
    const { dialled, dial, facts, close } = setUp();
    const conversation = dial();
    conversation.abort();
    close(0, 'closed_early');
    expect(dialled).toHaveLength(1);
    expect(facts).toHaveLength(1);
    expect(conversation.act(() => true)).toBe(undefined);
  });
});
