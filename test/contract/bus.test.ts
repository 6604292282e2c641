// The bus contract on the memory bus.
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { describe } from 'vitest';
import { busContract } from './bus-suite.ts';

describe('memory, one partition', () => {
  busContract(async () => new MemoryBus({ partitions: 4 }));
});
