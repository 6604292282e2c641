// The live view of a crawl: what it says, what it leaves on the screen, and the line it becomes where there is no terminal.
import { zeroCounters } from '@swarmscope/bittorrent/dht/node-options.ts';
import { expect, test } from 'vitest';
import { type CrawlLook, crawlLine, crawlPicture } from '../../../services/cli/src/crawl-view.ts';
import { LiveView } from '../../../services/cli/src/live-view.ts';
import { recorder } from './recorder.ts';

const frame = { startMs: 1_000, shard: '2/4' };

function lookAt(seconds: number, more: Partial<CrawlLook> = {}): CrawlLook {
  const packets = { ...zeroCounters(), asked: 400 * seconds, answered: 280 * seconds, unanswered: 70 * seconds, queries: 12 };
  return {
    atMs: frame.startMs + 1_000 * seconds,
    nodes: 31_204,
    infohashes: 100_000,
    confirmed: 78_250,
    coveragePpm: 423_456,
    sweeps: 1,
    queries: packets.asked,
    answers: packets.answered,
    malformed: {},
    packets,
    listed: 48_000,
    liars: {},
    udpDrops: undefined,
    dhtSize: undefined,
    budgets: { packets: 950, flows: 402 },
    ...more,
  };
}

test('packets, nodes, infohashes, coverage, budgets, and what was rejected by reason', () => {
  const look = lookAt(3_725, {
    malformed: { bad_key: 7, truncated: 1_200 },
    packets: { ...lookAt(3_725).packets, unasked: 9, dropped: 88 },
    udpDrops: 3,
    liars: { fake_peers: 4, sybil: 11 },
    dhtSize: { size: 9_876_543.4, low: 9_000_000, high: 11_000_000 },
  });
  expect(crawlPicture(frame, look, lookAt(3_720), 200)).toEqual([
    'crawl      shard 2/4, 01:02:05, sweep 1',
    'packets    1,490,000 asked (400/s), 1,043,000 answered (280/s), 20.0 % silent, 12 queries of others',
    'nodes      31,204 answer, of 48,000 listed; the DHT has about 9,876,543 (9,000,000 to 11,000,000)',
    'infohashes 100,000, 78.3 % confirmed by a second party',
    `coverage   ${'█'.repeat(13)}${'░'.repeat(17)} 42.3 % of this sweep`,
    'budgets    packets 95 %, flows 40 % in use',
    'rejected   truncated 1,200, over_budget 88, unasked 9, bad_key 7, dropped_by_kernel 3',
    'liars      sybil 11, fake_peers 4',
  ]);
  expect(crawlLine(frame, look)).toBe(
    'crawl 01:02:05: 1490000 asked, 1043000 answered, 31204 nodes, 100000 infohashes (78250 confirmed), 42.3 % of sweep 1, ' +
      'rejected: truncated 1,200, over_budget 88, sybil 11, unasked 9, bad_key 7, others 7',
  );
});

test('before anything has come it divides by nothing, and a narrow terminal is never overrun', () => {
  const start = lookAt(0, { nodes: 0, infohashes: 0, confirmed: 0, coveragePpm: 0, sweeps: 0, listed: 0 });
  expect(crawlPicture(frame, start, start, 80).join('\n')).not.toMatch(/NaN|Infinity|undefined/);
  for (const width of [200, 79, 40, 10, 1]) {
    const lines = crawlPicture(frame, lookAt(60), lookAt(55), width);
    expect(lines).toHaveLength(8);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
  }
});

const ESC = '\x1b';
const PIECES = new RegExp(`${ESC}\\[(\\d+)F|${ESC}\\[K|${ESC}\\[0J|\\n|[^${ESC}\\n]+`, 'g');

/** What a terminal shows after this was written to it: lines, cursor up, erase. */
function screenOf(text: string): string[] {
  const lines = [''];
  let row = 0;
  let column = 0;
  for (const [piece, up] of text.matchAll(PIECES)) {
    if (up !== undefined) [row, column] = [row - Number(up), 0];
    else if (piece === '\n') [row, column] = [row + 1, 0];
    else if (piece === `${ESC}[K`) lines[row] = lines[row]!.slice(0, column);
    else if (piece === `${ESC}[0J`) lines.splice(row, lines.length, lines[row]!.slice(0, column));
    else {
      lines[row] = lines[row]!.slice(0, column) + piece + lines[row]!.slice(column + piece.length);
      column += piece.length;
    }
    lines[row] ??= '';
  }
  return lines;
}

test('a picture is drawn over the last one, whatever their sizes, and what is written meanwhile stands above it', () => {
  const terminal = recorder();
  const view = new LiveView(terminal);
  view.above(() => terminal.draw('first\n'));
  view.show(['a long line', 'b', 'c']);
  view.show(['short', 'B']);
  expect(screenOf(terminal.drawn)).toEqual(['first', 'short', 'B', '']);
  view.above(() => terminal.draw('{"topic":1}\n{"topic":2}\n'));
  expect(screenOf(terminal.drawn)).toEqual(['first', '{"topic":1}', '{"topic":2}', 'short', 'B', '']);
  view.show(['1', '2', '3', '4']);
  expect(screenOf(terminal.drawn)).toEqual(['first', '{"topic":1}', '{"topic":2}', '1', '2', '3', '4', '']);
});
