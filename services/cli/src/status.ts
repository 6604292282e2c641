// What `swarmscope status` does: who runs, when each service last reported, how the crawl goes, how fresh each table is.
import { TOPICS } from '@swarmscope/events/definitions.ts';
import type { Store } from '@swarmscope/store/store.ts';
import type { StatusOptions } from './commands/status.ts';
import { findRunning, type RunFile } from './data-directory.ts';
import { Failure } from './failure.ts';
import { withStore } from './store-access.ts';
import { formatTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** A service that has not reported for this long is not well: six of its ten-second reports are missing. */
const STALE_S = 60;

interface ServiceStatus {
  service: string;
  instance: string;
  reported_s_ago: number;
  lag: number | null;
  build: string;
  ok: boolean;
}

interface CrawlStatus {
  shard: string;
  sweep: string;
  covered_percent: number;
  nodes: number;
  infohashes: number;
  reported_s_ago: number;
}

interface TableStatus {
  table: string;
  rows: number;
  newest_s_ago: number | null;
}

export interface Status {
  running: RunFile | null;
  services: ServiceStatus[];
  crawl: CrawlStatus[];
  tables: TableStatus[];
  rejected: number;
  ok: boolean;
}

export async function status(options: StatusOptions, terminal: Terminal): Promise<void> {
  const running = options.store === undefined ? (findRunning(options.data) ?? null) : null;
  const report = await withStore(options, 'status', (store) => readStatus(store, running));
  terminal.print(options.json ? `${JSON.stringify(report)}\n` : formatStatus(report));
  if (!report.ok) throw new Failure(complaint(report, options));
}

export async function readStatus(store: Store, running: RunFile | null): Promise<Status> {
  const services = (
    await store.query<Omit<ServiceStatus, 'ok'>>(
      `SELECT service, instance_id AS instance, dateDiff('second', ts, now64(3)) AS reported_s_ago, lag, build
       FROM service_sampled WHERE ts > now64(3) - INTERVAL 1 HOUR AND toUnixTimestamp64Milli(ts) >= {since:Int64} ORDER BY ts DESC LIMIT 1 BY service, instance_id`,
      // An earlier run on this directory is none of the services that run now.
      { since: running?.started_ms ?? 0 },
    )
  ).map((row) => ({ ...row, reported_s_ago: Number(row.reported_s_ago), ok: Number(row.reported_s_ago) <= STALE_S }));
  const crawl = await store.query<CrawlStatus>(
    `SELECT shard, toString(sweep_id) AS sweep, round(coverage_ppm / 10000, 2) AS covered_percent, nodes, infohashes,
       dateDiff('second', ts, now64(3)) AS reported_s_ago
     FROM crawl_sampled WHERE ts > now64(3) - INTERVAL 1 HOUR ORDER BY ts DESC LIMIT 1 BY shard`,
  );
  const ages = TOPICS.map(
    (topic) =>
      `SELECT '${topic}' AS table, count() AS rows, if(count() = 0, NULL, dateDiff('second', max(ts), now64(3))) AS newest_s_ago FROM ${topic}`,
  );
  const tables = (await store.query<TableStatus>(ages.join(' UNION ALL '))).map((row) => ({ ...row, rows: Number(row.rows) }));
  const order = new Map<string, number>(TOPICS.map((topic, i) => [topic, i]));
  tables.sort((a, b) => order.get(a.table)! - order.get(b.table)!);
  const [rejected] = await store.query<{ rows: number }>('SELECT count() AS rows FROM rejected');
  const ok = services.length > 0 && services.every((service) => service.ok);
  return { running, services, crawl, tables, rejected: Number(rejected?.rows ?? 0), ok };
}

function complaint(report: Status, options: StatusOptions): string {
  if (report.services.length === 0)
    return report.running
      ? 'no service has reported yet'
      : `nothing runs on ${options.store === undefined ? options.data : 'that server'}`;
  const late = report.services
    .filter((service) => !service.ok)
    .map((service) => `${service.service} (${service.reported_s_ago} s)`);
  return `no report for more than ${STALE_S} s from ${late.join(', ')}`;
}

function formatStatus(report: Status): string {
  const { running } = report;
  const parts = [
    running
      ? `swarmscope ${running.command} runs (process ${running.pid})${running.url ? `: ${running.url}` : ''}`
      : 'no process has this data directory open',
    ...(report.services.length === 0
      ? []
      : [formatTable(report.services.map(({ ok, ...row }) => ({ ...row, '': ok ? '✓' : '✗' })))]),
    ...(report.crawl.length === 0 ? [] : [formatTable(report.crawl.map((row) => ({ ...row })))]),
    formatTable([
      ...report.tables.filter((row) => row.rows > 0).map((row) => ({ ...row })),
      { table: 'rejected', rows: report.rejected },
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}
