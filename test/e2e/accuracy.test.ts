// A small accuracy run: the ordinary probe against swarms of every kind of peer, some behind NATs, is as right as the large one (docs/accuracy.md).
import { PARTS, runPart } from '@swarmscope/lab/accuracy/parts.ts';
import { expect, test } from 'vitest';

test('classes, liars, NATs and what can be completed: everything that was said is true', async () => {
  const classes = PARTS.find((part) => part.name === 'classes')!;
  const size = { torrents: 12, peers: 240, nat: 0.3 };
  const { figures, errors, confusion } = await runPart(classes, { seed: 11, seconds: 120, size });
  // How many liars are lucky is chance; the large run has the numbers to judge it.
  const failed = figures.filter((one) => !one.ok && !one.name.includes('proved after'));
  expect([failed, errors]).toEqual([[], []]);
  expect(confusion.size).toBe(14);
});

test('peers that attack in every way: none is believed, none costs the others their place', async () => {
  const hostile = PARTS.find((part) => part.name === 'hostile')!;
  const { figures, errors } = await runPart(hostile, { seed: 5, seconds: 120, size: { torrents: 1, peers: 39 } });
  expect([figures.filter((one) => !one.ok), errors]).toEqual([[], []]);
});
