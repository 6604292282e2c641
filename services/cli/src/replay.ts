// What `swarmscope replay` does: rejected records are checked again; those that are events now are stored at their own position of the log.
import { isTopic, type Topic } from '@swarmscope/events/definitions.ts';
import { decodeEvent, Rejection } from '@swarmscope/events/event.ts';
import { rowWriter } from '@swarmscope/events/table.ts';
import type { Store } from '@swarmscope/store/store.ts';
import type { ReplayOptions } from './commands/replay.ts';
import { usageFailure } from './failure.ts';
import { withStore } from './store-access.ts';
import { formatTable } from './table.ts';
import type { Terminal } from './terminal.ts';

export interface ReplayCounts {
  /** Records looked at. */
  records: number;
  /** Stored now (with --dry-run: would be). */
  replayed: number;
  /** Stored by an earlier replay. */
  already: number;
  /** Still no events. */
  still_rejected: number;
  /** Longer than what was kept of them. */
  cut: number;
}

interface RejectedRecord {
  topic: string;
  base64: string;
  size: number;
  partition: number;
  offset: string;
}

const PAGE = 1_000;

export async function replay(options: ReplayOptions, terminal: Terminal): Promise<void> {
  if (options.topic !== undefined && !isTopic(options.topic))
    throw usageFailure(`there is no topic ${JSON.stringify(options.topic)}`);
  const access = options.dryRun ? {} : { write: true };
  const counts = await withStore(options, 'replay', (store) => replayAll(store, options.topic, options.dryRun ?? false), access);
  terminal.print(options.json ? `${JSON.stringify(counts)}\n` : `${formatTable([{ ...counts }])}\n`);
}

/** Goes through the table page by page, in the order of the log. */
export async function replayAll(store: Store, topic: string | undefined, dryRun: boolean): Promise<ReplayCounts> {
  const counts: ReplayCounts = { records: 0, replayed: 0, already: 0, still_rejected: 0, cut: 0 };
  const sql = `SELECT topic, base64Encode(bytes) AS base64, size, _partition AS partition, toString(_offset) AS offset FROM rejected
    WHERE ({topic:String} = '' OR topic = {topic:String}) AND (topic, _partition, _offset) > ({after_topic:String}, {after_partition:UInt16}, {after_offset:UInt64})
    ORDER BY topic, _partition, _offset LIMIT ${PAGE}`;
  let after = { after_topic: '', after_partition: 0, after_offset: '0' };
  for (;;) {
    const records = await store.query<RejectedRecord>(sql, { topic: topic ?? '', ...after });
    for (const record of records) await replayOne(store, record, counts, dryRun);
    const last = records.at(-1);
    if (!last || records.length < PAGE) return counts;
    after = { after_topic: last.topic, after_partition: last.partition, after_offset: last.offset };
  }
}

async function replayOne(store: Store, record: RejectedRecord, counts: ReplayCounts, dryRun: boolean): Promise<void> {
  counts.records += 1;
  const bytes = Buffer.from(record.base64, 'base64');
  if (bytes.length < record.size) {
    counts.cut += 1;
    return;
  }
  const event = decodeEvent(record.topic, bytes.toString('utf8'));
  if (event instanceof Rejection) {
    counts.still_rejected += 1;
    return;
  }
  const position = { partition: record.partition, offset: record.offset };
  if (await isStored(store, event.topic, position)) {
    counts.already += 1;
    return;
  }
  counts.replayed += 1;
  if (dryRun) return;
  const line = rowWriter(event.topic)({ ...event, _partition: record.partition, _offset: record.offset });
  await store.insert(event.topic, [line], `replay|${event.topic}|${record.partition}|${record.offset}`);
}

async function isStored(store: Store, topic: Topic, position: { partition: number; offset: string }): Promise<boolean> {
  const sql = `SELECT count() AS rows FROM ${topic} WHERE _partition = {partition:UInt16} AND _offset = {offset:UInt64}`;
  const [row] = await store.query<{ rows: number }>(sql, position);
  return Number(row?.rows ?? 0) > 0;
}
