// uTP on real loopback sockets, sharing the port with another protocol: sessions both ways, facts to the right listener, ends.
import type { Endpoint, Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import type { UtpConnection } from '@swarmscope/bittorrent/utp/connection.ts';
import { UtpMachine } from '@swarmscope/bittorrent/utp/machine.ts';
import { looksLikeUtp } from '@swarmscope/bittorrent/utp/packet.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { Deadlines } from '@swarmscope/runtime/deadlines.ts';
import { drive } from '@swarmscope/runtime/drive.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { openUdp, type UdpSocket } from '@swarmscope/runtime/udp.ts';
import { shareUdp } from '@swarmscope/runtime/udp-share.ts';
import { UtpTransport } from '@swarmscope/runtime/utp.ts';
import { afterEach, expect, test } from 'vitest';

/** Says what it was given, emits what it hears. */
class Say implements Session<string> {
  readonly #words: string;
  constructor(words: string) {
    this.#words = words;
  }
  opened(_now: number, out: SessionOut<string>): void {
    out.write(new TextEncoder().encode(this.#words));
  }
  receive(bytes: Uint8Array, _now: number, out: SessionOut<string>): void {
    out.emit(`heard ${new TextDecoder().decode(bytes)}`);
  }
  writable(): void {}
  closed(outcome: Outcome, _now: number, out: SessionOut<string>): void {
    out.emit(`closed ${outcome}`);
  }
  tick(): void {}
  deadline(): number {
    return Number.POSITIVE_INFINITY;
  }
}

const closing: (() => Promise<unknown>)[] = []; // bound: what one test opens
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function transport(seed: number, maxConnections = 10): Promise<{ utp: UtpTransport; rest: UdpSocket; local: Endpoint }> {
  const socket = await openUdp({ address: '127.0.0.1', port: 0 });
  const { first, rest } = shareUdp(socket, looksLikeUtp);
  const utp = new UtpTransport((accept) => {
    const machine = new UtpMachine<unknown>({
      random: seededRandom(seed),
      deadlines: new Deadlines<UtpConnection<unknown>>(),
      maxConnections,
      connectTimeoutMs: 5_000,
      accept,
    });
    return drive(machine, first, systemClock, raiseInvariant);
  });
  closing.push(
    () => utp.close(),
    () => rest.close(),
  );
  return { utp, rest, local: socket.local };
}

/** A list that can be waited on. */
function ledger() {
  const lines: string[] = [];
  let wake = () => {};
  return {
    lines,
    note(line: string) {
      lines.push(line);
      wake();
    },
    async until(count: number) {
      while (lines.length < count)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    },
  };
}

test('two sessions talk over uTP while the other protocol has its own datagrams', async () => {
  const [near, far] = [await transport(1), await transport(2)];
  const [nearFacts, farFacts, plain] = [ledger(), ledger(), ledger()];
  far.utp.listen<string>(() => ({ session: new Say('good morning'), onFact: farFacts.note }));
  far.rest.onDatagram((bytes) => plain.note(new TextDecoder().decode(bytes)));
  const conversation = near.utp.dial(far.local, new Say('hello'), nearFacts.note);
  near.rest.send(new TextEncoder().encode('d1:y1:qe and no uTP'), far.local);
  await Promise.all([nearFacts.until(1), farFacts.until(1), plain.until(1)]);
  expect(nearFacts.lines).toEqual(['heard good morning']);
  expect(farFacts.lines).toEqual(['heard hello']);
  expect(plain.lines).toEqual(['d1:y1:qe and no uTP']);
  expect(conversation.act((_session, _now, out) => out.write(new TextEncoder().encode('more')))).toBe(true);
  await farFacts.until(2);
  conversation.abort();
  await Promise.all([nearFacts.until(2), farFacts.until(3)]);
  expect(nearFacts.lines.at(-1)).toBe('closed closed_early');
  expect(farFacts.lines.slice(1)).toEqual(['heard more', 'closed reset']);
  expect(conversation.act(() => 1)).toBeUndefined();
});

test('above the cap a dial ends as busy, after the caller has its conversation', async () => {
  const { utp } = await transport(1, 0);
  const facts = ledger();
  utp.dial({ address: '127.0.0.1', port: 9 }, new Say(''), facts.note);
  expect(facts.lines).toEqual([]);
  await facts.until(1);
  expect(facts.lines).toEqual(['closed busy']);
});

test('closing ends what lives', async () => {
  const [near, far] = [await transport(1), await transport(2)];
  const facts = ledger();
  far.utp.listen<string>(() => ({ session: new Say('x'), onFact: () => {} }));
  near.utp.dial(far.local, new Say('y'), facts.note);
  await facts.until(1);
  expect(near.utp.sessions).toBe(1);
  await near.utp.close();
  expect(facts.lines).toEqual(['heard x', 'closed closed_early']);
});
