// The slow line: nothing lost, nothing reordered, never faster than it says, still at times.
import type { Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { type Line, SlowLine } from '@swarmscope/lab/sim/slow-line.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

/** Answers each message with `size` bytes that count up, and ends on an empty one. */
class Counter implements Session<never> {
  said = 0;
  writables = 0;
  heeded = true;
  readonly #size: number;
  constructor(size: number) {
    this.#size = size;
  }
  opened(): void {}
  receive(bytes: Uint8Array, _now: number, out: SessionOut<never>): void {
    if (bytes.length === 0) out.end();
    else this.heeded = out.write(Uint8Array.from({ length: this.#size }, () => this.said++ & 0xff));
  }
  writable(): void {
    this.writables++;
  }
  closed(): void {}
  tick(): void {}
  deadline(): number {
    return Number.POSITIVE_INFINITY;
  }
}

function run(line: Line, messages: number, size: number, endMs: number) {
  const inner = new Counter(size);
  const slow = new SlowLine(inner, line, seededRandom(5));
  const arrived: { now: number; bytes: Uint8Array }[] = [];
  let [now, ended] = [0, Number.POSITIVE_INFINITY];
  const out: SessionOut<never> = {
    write: (bytes) => {
      arrived.push({ now, bytes: bytes.slice() });
      return true;
    },
    pause: () => {},
    resume: () => {},
    end: () => {
      ended = now;
    },
    abort: () => {},
    emit: () => {},
  };
  slow.opened(0, out);
  for (let i = 0; i < messages; i++) slow.receive(Uint8Array.of(1), 0, out);
  slow.receive(new Uint8Array(0), 0, out);
  while (slow.deadline() <= endMs) {
    now = slow.deadline();
    slow.tick(now, out);
  }
  return { inner, arrived, ended, all: arrived.flatMap(({ bytes }) => [...bytes]) };
}

describe('a slow line', () => {
  test('gives everything in order, at its pace, then ends', () => {
    const { arrived, ended, all } = run({ latencyMs: 200, bytesPerSecond: 10_000 }, 3, 5_000, 60_000);
    expect(all).toEqual(Array.from({ length: 15_000 }, (_, i) => i & 0xff));
    expect(arrived[0]!.now).toBeCloseTo(200 + 144.8);
    expect(ended).toBeCloseTo(200 + 1_500);
  });

  test('says to wait when it is full, and when it has room', () => {
    const { inner } = run({ latencyMs: 10, bytesPerSecond: 100_000 }, 2, 40_000, 60_000);
    expect([inner.heeded, inner.writables]).toEqual([false, 1]);
  });

  test('stands still at times', () => {
    const stalls = { everyMs: 500, ms: 3_000 };
    const { arrived, all } = run({ latencyMs: 10, bytesPerSecond: 10_000, stalls }, 4, 5_000, 600_000);
    const gaps = arrived.slice(1).map((one, i) => one.now - arrived[i]!.now);
    expect([all.length, Math.max(...gaps) >= 1_500, Math.max(...gaps) <= 5_000]).toEqual([20_000, true, true]);
  });
});
