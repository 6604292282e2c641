// The size of the DHT per family, and of all families together.
import { SizeMeter, summed } from '@swarmscope/dht-crawler/size-meter.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';

/** Ids beside a target, as the nearest of so many nodes would lie. */
function nearest(target: Uint8Array, nodes: number, random: () => number): Uint8Array[] {
  let at = 0;
  return Array.from({ length: 8 }, () => {
    at += -Math.log(1 - random()) / nodes;
    const id = target.slice();
    const head = Math.floor(at * 2 ** 32);
    for (let i = 0; i < 4; i++) id[i]! ^= (head >>> (24 - 8 * i)) & 0xff;
    return id;
  });
}

function meterOf(nodes: number, lookups: number, metBefore: number): SizeMeter {
  const random = seededRandom(nodes);
  const meter = new SizeMeter();
  for (let i = 0; i < lookups; i++) {
    const target = randomBytes(random, 20);
    meter.note(target, nearest(target, nodes, random), metBefore);
  }
  return meter;
}

test('mark-recapture until there are enough lookups, then distances', () => {
  const few = meterOf(10_000, 5, 4).estimate(5_000, 0)!;
  expect([few.low < 10_000, few.high > 10_000]).toEqual([true, true]);
  const many = meterOf(10_000, 300, 0);
  expect(many.recaptured(5_000)).toBeUndefined();
  expect(Math.abs(many.estimate(5_000, 0)!.size / 10_000 - 1)).toBeLessThan(0.1);
  expect(new SizeMeter().estimate(0, 0)).toBeUndefined();
});

test('families are measured each by itself and added', () => {
  const [four, six] = [meterOf(20_000, 300, 0), meterOf(1_000, 300, 0)].map((meter) => meter.estimate(0, 0));
  const all = summed([four, undefined, six])!;
  expect(Math.abs(all.size / 21_000 - 1)).toBeLessThan(0.1);
  expect([all.low, all.high]).toEqual([four!.low + six!.low, four!.high + six!.high]);
  expect(summed([undefined])).toBeUndefined();
});
