// The schema of a cluster, from the same files: every statement parses with ON CLUSTER and is created, replicated and distributed, as far as one process can.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { afterAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'swarmscope-cluster-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('replicated tables below, one distributed table over each', async () => {
  const program = join(import.meta.dirname, 'cluster-process.ts');
  const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  child.kill('SIGKILL');
  await once(child, 'close');
  const { engines, clustered, steps } = JSON.parse(line) as {
    engines: { database: string; name: string; engine: string }[];
    clustered: number;
    steps: number;
  };
  expect(clustered).toBe(steps);
  const below = new Map(engines.filter(({ database }) => database === 'swarmscope').map(({ name, engine }) => [name, engine]));
  for (const topic of [...TOPICS, 'rejected']) expect(below.get(topic)).toBe('ReplicatedMergeTree');
  for (const rollup of ['swarm_1h', 'dht_1d', 'peers_1h', 'infohashes'])
    expect(below.get(rollup)).toBe('ReplicatedAggregatingMergeTree');
  expect(below.get('swarm_latest')).toBe('ReplicatedReplacingMergeTree');
  const above = engines.filter(({ database }) => database === 'swarmscope_all');
  expect(new Set(above.map(({ engine }) => engine))).toEqual(new Set(['Distributed']));
  const shown = [...below].filter(([, engine]) => engine !== 'MaterializedView').map(([name]) => name);
  expect(above.map(({ name }) => name)).toEqual(shown);
}, 240_000);
