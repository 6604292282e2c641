// Measured against true: a census beside what the laboratory knows, verdict by verdict; the JSON of `demo --json` and its table.
import { type Counts, VERDICTS, type Verdict } from '@swarmscope/events/enums.ts';
import { printable, type Row } from './table.ts';

/** What a census found. */
export interface Measured {
  counts: Counts;
  completable: boolean | null;
}

/** What was true while the census ran: a moving peer makes a range. */
export interface True {
  least: Counts;
  most: Counts;
  /** Both values when it changed, or when evidence could show either. */
  completable: readonly boolean[];
}

export interface TorrentComparison {
  info_hash: string;
  name: string;
  /** Null when no census of it was finished. */
  measured: Measured | null;
  true: True;
  equal: boolean;
}

export interface DhtFigures {
  nodes: number;
  infohashes: number;
}

export interface DhtComparison {
  measured: DhtFigures;
  true: DhtFigures;
  equal: boolean;
}

export interface DemoReport {
  torrents: TorrentComparison[];
  dht: DhtComparison;
  equal: boolean;
  seconds: number;
}

/** Verdicts whose measured count lies outside of what was true. */
export function differences(measured: Measured, truth: True): Verdict[] {
  return VERDICTS.filter(
    (verdict) => measured.counts[verdict] < truth.least[verdict] || measured.counts[verdict] > truth.most[verdict],
  );
}

export function compareTorrent(info_hash: string, name: string, measured: Measured | null, truth: True): TorrentComparison {
  const equal =
    measured !== null &&
    differences(measured, truth).length === 0 &&
    measured.completable !== null &&
    truth.completable.includes(measured.completable);
  return { info_hash, name, measured, true: truth, equal };
}

/** Found must be all of it, and nothing that is not there. */
export function compareDht(measured: DhtFigures, truth: DhtFigures): DhtComparison {
  return { measured, true: truth, equal: measured.nodes === truth.nodes && measured.infohashes === truth.infohashes };
}

export function makeReport(torrents: TorrentComparison[], dht: DhtComparison, seconds: number): DemoReport {
  const equal = torrents.length > 0 && torrents.every((torrent) => torrent.equal) && dht.equal;
  return { torrents, dht, equal, seconds: Math.round(seconds * 10) / 10 };
}

/** The columns that a person reads; liars are both kinds together. */
const COLUMNS: Record<string, readonly Verdict[]> = {
  proved: ['proved'],
  claimed: ['claimed'],
  choked: ['choked'],
  super: ['super_seeder'],
  partial: ['partial_seed'],
  leechers: ['leecher'],
  liars: ['liar_corrupt', 'liar_missing'],
  mute: ['unknown'],
  dead: ['unreachable'],
};

function sum(counts: Counts, verdicts: readonly Verdict[]): number {
  return verdicts.reduce((total, verdict) => total + counts[verdict], 0);
}

function word(completable: boolean | null): string {
  return completable === null ? 'unknown' : completable ? 'yes' : 'no';
}

/** Two rows a torrent: what was measured, and beneath it what is true. */
export function comparisonRows(report: DemoReport): Row[] {
  return report.torrents.flatMap((torrent) => {
    const { measured, true: truth } = torrent;
    const found = Object.entries(COLUMNS).map(([name, verdicts]) => [name, measured ? sum(measured.counts, verdicts) : null]);
    const known = Object.entries(COLUMNS).map(([name, verdicts]) => {
      const [least, most] = [sum(truth.least, verdicts), sum(truth.most, verdicts)];
      return [name, least === most ? least : `${least}-${most}`];
    });
    return [
      {
        torrent: printable(torrent.name),
        '': 'measured',
        ...Object.fromEntries(found),
        completable: word(measured?.completable ?? null),
        equal: torrent.equal ? '✓' : '✗',
      },
      {
        torrent: torrent.info_hash.slice(0, 12),
        '': 'true',
        ...Object.fromEntries(known),
        completable: truth.completable.map(word).join(' or '),
        equal: '',
      },
    ];
  });
}

/** What differs, a line each, for whoever has to find out why. */
export function explainDifferences(report: DemoReport): string[] {
  const lines = report.torrents
    .filter((torrent) => !torrent.equal)
    .map((torrent) => {
      const { measured, true: truth } = torrent;
      if (!measured) return `${torrent.name}: no census was finished`;
      const wrong = differences(measured, truth).map(
        (verdict) => `${verdict} ${measured.counts[verdict]} instead of ${range(truth.least[verdict], truth.most[verdict])}`,
      );
      if (measured.completable === null || !truth.completable.includes(measured.completable))
        wrong.push(`completable ${word(measured.completable)} instead of ${truth.completable.map(word).join(' or ')}`);
      return `${torrent.name}: ${wrong.join(', ')}`;
    });
  const { dht } = report;
  if (dht.measured.nodes !== dht.true.nodes) lines.push(`DHT: ${dht.measured.nodes} nodes instead of ${dht.true.nodes}`);
  if (dht.measured.infohashes !== dht.true.infohashes)
    lines.push(`DHT: ${dht.measured.infohashes} infohashes instead of ${dht.true.infohashes}`);
  return lines;
}

function range(least: number, most: number): string {
  return least === most ? `${least}` : `${least} to ${most}`;
}
