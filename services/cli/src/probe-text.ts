// The report of `probe` for people: classes, sources with their bounds, a strip of availability, files at risk.
import { VERDICTS, type Verdict } from '@swarmscope/events/enums.ts';
import type { EstimateReport, SwarmReport } from './probe-report.ts';
import { formatTable, printable } from './table.ts';

const MEANINGS: Record<Verdict, string> = {
  liar_corrupt: 'sent data that fails its hash',
  liar_missing: 'claims pieces it does not have',
  proved: 'has all pieces, proved by hash',
  choked: 'claims all pieces, never let us ask',
  claimed: 'claims all pieces, unproved',
  super_seeder: 'seeder that hides what it has (BEP 16)',
  partial_seed: 'incomplete and content with it (BEP 21)',
  leecher: 'incomplete',
  unknown: 'never said what it has',
  unreachable: 'no handshake',
};

const FILES_SHOWN = 10;
const BARS = ' ▁▂▃▄▅▆▇█';
const STRIP_WIDTH = 64;

/** Bytes with a binary unit, three digits. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/** Copies along the torrent, as bars relative to the most; an empty place is a piece that nobody has. */
export function availabilityStrip(ranges: readonly number[], width = STRIP_WIDTH): string {
  if (ranges.length === 0) return '';
  const cells = Math.min(width, ranges.length);
  const most = Math.max(1, ...ranges);
  let strip = '';
  for (let i = 0; i < cells; i++) {
    const from = Math.floor((i * ranges.length) / cells);
    const to = Math.max(from + 1, Math.floor(((i + 1) * ranges.length) / cells));
    const least = Math.min(...ranges.slice(from, to));
    strip += least === 0 ? ' ' : BARS[Math.max(1, Math.round((least / most) * 8))]!;
  }
  return strip;
}

/** `12 (9 to 15)`, one number when the bounds agree, "or more" where only the low bound is known, "unknown" when there is none. */
export function formatEstimate({ estimate, low, high }: EstimateReport): string {
  if (estimate === null) return 'unknown';
  if (low !== null && high === null) return low === estimate ? `${estimate} or more` : `${estimate} (${low} or more)`;
  if (low === null || high === null) return `${estimate} (bounds unknown)`;
  return low === high ? `${estimate}` : `${estimate} (${low} to ${high})`;
}

function headline(swarm: SwarmReport): string {
  const facts = [
    swarm.pieces === null ? 'metadata not found' : `${swarm.pieces} pieces`,
    ...(swarm.size_bytes === null ? [] : [formatBytes(Number(swarm.size_bytes))]),
    ...(swarm.info_hash_v2 === null ? [] : ['v2']),
    ...(swarm.private ? ['private'] : []),
  ];
  return `${printable(swarm.name ?? '(no name)')}  ${swarm.info_hash}  ${facts.join(', ')}`;
}

function sourceLine(swarm: SwarmReport): string {
  const parts = swarm.estimates.sources.map((source) =>
    source.failed ? `${source.source} failed (unknown)` : `${source.source} ${formatEstimate(source)}`,
  );
  return parts.length === 0 ? 'none answered' : parts.join(', ');
}

/** What DHT nodes keep of announces (BEP 33): addresses, not endpoints, and never checked. */
function filterLines({ estimates: { dht_filters: said } }: SwarmReport): string[] {
  if (said === null) return [];
  const { nodes, refused, seeds, downloaders } = said;
  const not = refused === 0 ? '' : `, ${refused} not believed`;
  return [
    `DHT says      ${formatEstimate(seeds)} seeds, ${formatEstimate(downloaders)} downloaders (by addresses, ${nodes} nodes${not})`,
  ];
}

function verdictLine(swarm: SwarmReport): string {
  if (swarm.completable === null) return 'unknown whether it can be completed';
  const copies = swarm.distributed_copies === null ? '' : `; ${swarm.distributed_copies.toFixed(2)} distributed copies`;
  return (swarm.completable ? 'can be completed' : 'can NOT be completed from the peers seen') + copies;
}

/** A swarm as text, several lines, ending in a newline. */
export function formatSwarm(swarm: SwarmReport): string {
  const classes = VERDICTS.filter((verdict) => swarm.counts[verdict] > 0).map((verdict) => ({
    class: verdict,
    peers: swarm.counts[verdict],
    meaning: MEANINGS[verdict],
  }));
  const { size, complete } = swarm.estimates;
  const lines = [
    headline(swarm),
    ...(classes.length === 0 ? ['no peer was found'] : formatTable(classes).split('\n')),
    `endpoints     ${swarm.endpoints_known} known, ${swarm.endpoints_tried} tried, ${swarm.reached} reached`,
    `sources       ${sourceLine(swarm)}`,
    ...filterLines(swarm),
    `swarm size    ${formatEstimate(size)}${size.method === null ? '' : `, ${size.method.replace('_', '-')}`}`,
    `complete      ${formatEstimate(complete)}`,
    `outlook       ${verdictLine(swarm)}`,
  ];
  const strip = availabilityStrip(swarm.availability);
  if (strip !== '') lines.push(`availability  [${strip}] least copies ${swarm.copies_min ?? 'unknown'}`);
  for (const file of swarm.files_at_risk.slice(0, FILES_SHOWN))
    lines.push(`at risk       ${printable(file.path ?? `file ${file.index}`)} (${file.copies_min} copies of its rarest piece)`);
  const more = (swarm.files_at_risk_total ?? 0) - Math.min(FILES_SHOWN, swarm.files_at_risk.length);
  if (more > 0) lines.push(`              and ${more} more files`);
  if (!swarm.finished) lines.push('              (time ran out before its census was finished)');
  return `${lines.join('\n')}\n`;
}
