// What the line loses decides how often the silent are asked again.

import { judge } from '@swarmscope/dht-crawler/judge.ts';
import { Line } from '@swarmscope/dht-crawler/line.ts';
import { CrawlNode } from '@swarmscope/dht-crawler/nodes.ts';
import { nextVisit } from '@swarmscope/dht-crawler/visits.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';

function lineThatLoses(share: number, questions = 20_000): Line {
  const line = new Line();
  const random = seededRandom(1);
  for (let i = 0; i < questions; i++) line.note(random() >= share);
  return line;
}

test('patience follows the loss: loss alone makes less than one honest node in 500 silent', () => {
  const tries = [0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.6].map((share) => lineThatLoses(share).patience);
  expect(tries).toEqual([2, 2, 2, 3, 3, 4, 4].map((unmet) => ({ unmet, met: unmet + 2 })));
  expect(lineThatLoses(0.06).loss).toBeGreaterThan(0.045);
  expect(lineThatLoses(0.06).loss).toBeLessThan(0.075);
});

test('at first the line is taken for a bad one, until some dozen answers came', () => {
  const line = new Line();
  expect(line.patience).toEqual({ unmet: 3, met: 5 });
  for (let i = 0; i < 40; i++) line.note(true);
  expect(line.patience).toEqual({ unmet: 2, met: 4 });
});

test('a line that recovers saves its questions again', () => {
  const line = lineThatLoses(0.1);
  for (let i = 0; i < 5_000; i++) line.note(true);
  expect(line.patience).toEqual({ unmet: 2, met: 4 });
});

test('who was not met is asked a third time over a bad line, and is silent after it', () => {
  const { patience } = lineThatLoses(0.06);
  const node = new CrawlNode(new Uint8Array(20), '9.9.9.9', 6881);
  node.failures = 2;
  expect([judge(node), nextVisit(node)]).toEqual(['silent', undefined]);
  expect([judge(node, patience), nextVisit(node, patience)]).toEqual([undefined, { visit: 'find', atMs: 0, open: true }]);
  node.failures = 3;
  expect([judge(node, patience), nextVisit(node, patience)]).toEqual(['silent', undefined]);
});
