// What a million swarms in the prober's schedule take of the heap.
import { randomFillSync } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Schedule } from '@swarmscope/swarm-prober/schedule.ts';
import { PUBLIC_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import type { Entry } from './entry.ts';
import { alone } from './figure.ts';

const SWARMS = 1_000_000;
const DUE_MS = 21_600_000;

/** Heap bytes in use after a full collection. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

function bytesEach(): number {
  const before = heapBytes();
  const schedule = new Schedule(SWARMS, PUBLIC_TIMES);
  const infoHash = new Uint8Array(20);
  for (let i = 0; i < SWARMS; i++) schedule.add(toHex(randomFillSync(infoHash)), false, 0, (i * 7_919) % DUE_MS);
  const bytes = (heapBytes() - before) / schedule.size;
  if (schedule.size !== SWARMS) throw new Error(`${schedule.size} of ${SWARMS} swarms are in the schedule`);
  return bytes;
}

export const schedule: readonly Entry[] = [
  {
    name: 'schedule_memory',
    title: "a million swarms in the prober's schedule",
    run: async () => [
      alone({ name: 'schedule: heap of one swarm of a million', unit: 'B', goal: 256, direction: 'max' }, [bytesEach()]),
    ],
  },
];
