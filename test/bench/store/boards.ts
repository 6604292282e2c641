// Every query that boards, alerts and the search ask, over the ranges that people choose, timed on a store full of a month.
import { ALERT_RULES } from '@swarmscope/dashboards/definitions/alerts.ts';
import { panelsOf } from '@swarmscope/dashboards/definitions/board.ts';
import { BOARDS, variableTypes } from '@swarmscope/dashboards/definitions/boards.ts';
import { expandMacros, type Range, variablesIn } from '@swarmscope/dashboards/definitions/macros.ts';
import { EXTENT, SEARCH } from '@swarmscope/dashboards/definitions/search.ts';
import type { EmbeddedStore } from '@swarmscope/store/embedded.ts';
import { note } from '../figure.ts';
import { NETWORK } from './seed.ts';

const RUNS = Number(process.env['BENCH_RUNS'] ?? 20);
/** Only queries whose name has this in it. */
const ONLY = process.env['BENCH_ONLY'] ?? '';
/** Ranges with the width of a bucket that the page and Grafana give them. */
const RANGES: readonly (readonly [name: string, seconds: number, intervalS: number])[] = [
  ['6h', 21_600, 300],
  ['24h', 86_400, 900],
  ['7d', 604_800, 7_200],
  ['30d', 2_592_000, 21_600],
  ['365d', 31_536_000, 604_800],
];

interface Times {
  readonly p50: number;
  readonly p95: number;
}

export interface Asked {
  readonly name: string;
  /** One torrent's drill-down. */
  readonly isOfSwarm: boolean;
  /** Seconds of all cores together. */
  readonly cpu: Times;
  readonly wall: Times;
}

interface Question {
  readonly name: string;
  readonly isOfSwarm: boolean;
  readonly sql: string;
  readonly names: readonly string[];
}

function questions(endS: number): Question[] {
  const range = (seconds: number, intervalS: number): Range => ({ fromS: endS - seconds, toS: endS, intervalS });
  const all: Question[] = [];
  for (const board of BOARDS) {
    const types = variableTypes(board);
    const isOfSwarm = board.uid === 'swarmscope-torrent';
    for (const [name, seconds, intervalS] of RANGES) {
      const add = (id: string, sql: string, ofSwarm: boolean) =>
        all.push({
          name: `${board.uid.slice('swarmscope-'.length)}/${id} ${name}`,
          isOfSwarm: ofSwarm,
          sql: expandMacros(sql, range(seconds, intervalS)),
          names: variablesIn(sql, types),
        });
      for (const panel of panelsOf(board)) add(panel.id, panel.sql, isOfSwarm);
      for (const { id, sql } of board.annotations) add(id, sql, isOfSwarm);
      for (const variable of board.variables) add(variable.name, variable.sql, false);
    }
  }
  for (const rule of ALERT_RULES)
    all.push({ name: `alert/${rule.uid}`, isOfSwarm: false, sql: expandMacros(rule.sql, range(rule.windowS, 60)), names: [] });
  for (const [name, { sql, variables }] of Object.entries({ search: SEARCH, extent: EXTENT }))
    all.push({ name, isOfSwarm: false, sql, names: Object.keys(variables) });
  return all.filter(({ name }) => name.includes(ONLY));
}

/** Asks everything; each run of a question about one torrent is about another one. */
export async function askAll(store: EmbeddedStore, endMs: number): Promise<Asked[]> {
  const swarms = await store.query<{ swarm: string }>(
    `SELECT lower(hex(swarm_id)) AS swarm FROM swarm_latest ORDER BY cityHash64(swarm_id) LIMIT ${RUNS - 3}
    UNION ALL SELECT lower(hex(swarm_id)) AS swarm FROM swarm_latest ORDER BY endpoints_known DESC, swarm_id LIMIT 3`,
  );
  const asked: Asked[] = [];
  for (const question of questions(Math.floor(endMs / 1_000)))
    asked.push(
      await timed(
        store,
        question,
        swarms.map(({ swarm }) => swarm),
      ),
    );
  return asked;
}

async function timed(store: EmbeddedStore, { name, isOfSwarm, sql, names }: Question, swarms: readonly string[]): Promise<Asked> {
  const cpu: number[] = [];
  const wall: number[] = [];
  for (const swarm of swarms) {
    const values: Readonly<Record<string, string>> = { network: NETWORK, swarm, text: 'things 12' };
    const parameters = Object.fromEntries(names.map((each) => [each, values[each]!]));
    const [before, start] = [process.cpuUsage(), performance.now()];
    try {
      for await (const _ of store.stream(sql, parameters, 'JSONCompact'));
    } catch (error) {
      note(`${name}: ${String(error)}`);
    }
    const spent = process.cpuUsage(before);
    cpu.push((spent.user + spent.system) / 1e6);
    wall.push((performance.now() - start) / 1_000);
    // What takes seconds need not be asked twenty times to be known as slow.
    if (cpu.length === 3 && Math.min(...cpu) > 3) break;
  }
  return { name, isOfSwarm, cpu: times(cpu), wall: times(wall) };
}

function times(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { p50: at(0.5), p95: at(0.95) };
}
