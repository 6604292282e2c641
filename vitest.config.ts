// The test projects: unit (no network), sim (virtual clock), contract (two implementations of one interface), interop (foreign software), e2e (whole command).
import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], extra: Record<string, unknown> = {}) => ({
  test: { name, include, pool: 'forks' as const, testTimeout: 60_000, hookTimeout: 120_000, ...extra },
});

export default defineConfig({
  test: {
    // chDB segfaults in worker threads: forks only. Two cores: two forks.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      project('unit', [
        'test/packages/**/*.test.ts',
        'test/services/**/*.test.ts',
        'test/dashboards/**/*.test.ts',
        'test/*.test.ts',
      ]),
      project('sim', ['test/sim/**/*.test.ts'], { testTimeout: 300_000 }),
      project('contract', ['test/contract/**/*.test.ts'], { testTimeout: 120_000 }),
      project('fuzz', ['test/fuzz/**/*.test.ts']),
      project('interop', ['test/interop/**/*.test.ts'], { testTimeout: 240_000, hookTimeout: 240_000, fileParallelism: false }),
      project('e2e', ['test/e2e/**/*.test.ts'], { testTimeout: 240_000, hookTimeout: 240_000, fileParallelism: false }),
    ],
  },
});
