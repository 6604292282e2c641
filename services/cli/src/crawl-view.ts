// What `swarmscope crawl` shows of itself: packets, nodes, infohashes, coverage, rejected by reason; pure text, a few lines of a terminal or one line of a log.
import type { CrawlerDetails, CrawlerProgress } from '@swarmscope/dht-crawler/figures.ts';

/** One look at a running crawl. */
export interface CrawlLook extends CrawlerProgress, CrawlerDetails {
  readonly atMs: number;
}

/** What stays the same while it runs. */
export interface CrawlFrame {
  readonly startMs: number;
  readonly shard: string;
}

const NAME_WIDTH = 11;
const BAR_WIDTH = 30;
/** Reasons shown in a line; the rest is a number. */
const REASONS_MAX = 5;

/** The picture: lines of at most `width` characters. Rates are those since `before`. */
export function crawlPicture(frame: CrawlFrame, look: CrawlLook, before: CrawlLook, width: number): string[] {
  const { packets } = look;
  const seconds = (look.atMs - before.atMs) / 1_000;
  const rate = (now: number, then: number) => `${seconds > 0 ? Math.round((now - then) / seconds) : 0}/s`;
  const lines: [name: string, text: string][] = [
    ['crawl', `shard ${frame.shard}, ${clockText(look.atMs - frame.startMs)}, sweep ${Math.max(1, look.sweeps)}`],
    [
      'packets',
      [
        `${figure(packets.asked)} asked (${rate(packets.asked, before.packets.asked)})`,
        `${figure(look.answers)} answered (${rate(look.answers, before.answers)})`,
        `${share(packets.unanswered, look.answers + packets.unanswered)} silent`,
        `${figure(packets.queries)} queries of others`,
      ].join(', '),
    ],
    ['nodes', `${figure(look.nodes)} answer, of ${figure(look.listed)} listed${sizeText(look.dhtSize)}`],
    ['infohashes', `${figure(look.infohashes)}, ${share(look.confirmed, look.infohashes)} confirmed by a second party`],
    ['coverage', `${bar(look.coveragePpm / 1e6)} ${(look.coveragePpm / 1e4).toFixed(1)} % of this sweep`],
    ['budgets', `packets ${permille(look.budgets['packets'])}, flows ${permille(look.budgets['flows'])} in use`],
    ['rejected', reasons(rejectedOf(look))],
    ['liars', reasons(look.liars)],
  ];
  return lines.map(([name, text]) => cut(`${name.padEnd(NAME_WIDTH)}${text}`, width));
}

/** The same in one line, for a log or a pipe. */
export function crawlLine(frame: CrawlFrame, look: CrawlLook): string {
  const { packets, nodes, infohashes, confirmed, coveragePpm, sweeps } = look;
  return [
    `crawl ${clockText(look.atMs - frame.startMs)}: ${packets.asked} asked`,
    `${look.answers} answered`,
    `${nodes} nodes`,
    `${infohashes} infohashes (${confirmed} confirmed)`,
    `${(coveragePpm / 1e4).toFixed(1)} % of sweep ${Math.max(1, sweeps)}`,
    `rejected: ${reasons({ ...rejectedOf(look), ...look.liars })}`,
  ].join(', ');
}

/** What was thrown away, by reason: datagrams that are no KRPC, answers to nothing, queries beyond the budget, what the kernel dropped. */
export function rejectedOf({ malformed, packets, udpDrops }: CrawlLook): Record<string, number> {
  return {
    ...malformed,
    unasked: packets.unasked,
    over_budget: packets.dropped,
    ...(udpDrops === undefined ? {} : { dropped_by_kernel: udpDrops }),
  };
}

function sizeText(size: CrawlLook['dhtSize']): string {
  return size ? `; the DHT has about ${figure(size.size)} (${figure(size.low)} to ${figure(size.high)})` : '';
}

/** The most frequent first. */
function reasons(counts: Readonly<Partial<Record<string, number>>>): string {
  const some = Object.entries(counts).filter((entry): entry is [string, number] => (entry[1] ?? 0) > 0);
  if (some.length === 0) return 'none';
  some.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const rest = some.slice(REASONS_MAX).reduce((sum, [, count]) => sum + count, 0);
  const shown = some.slice(0, REASONS_MAX).map(([reason, count]) => `${reason} ${figure(count)}`);
  return [...shown, ...(rest > 0 ? [`others ${figure(rest)}`] : [])].join(', ');
}

function figure(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function share(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
}

function permille(value = 0): string {
  return `${(value / 10).toFixed(0)} %`;
}

function bar(part: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * BAR_WIDTH);
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
