// The `rejected` table: records that were no events, with where they lay in the log and their bytes, so that they can be replayed.

/** A record that was no event. */
export interface RejectedRow {
  /** The log's own time of the record, epoch milliseconds. */
  readonly ts: number;
  readonly topic: string;
  readonly reason: string;
  readonly detail: string;
  /** The first 64 KiB of it. */
  readonly bytes: Uint8Array;
  /** All of its bytes. */
  readonly size: number;
  readonly partition: number;
  readonly offset: bigint;
}

/** Columns that an insert names; the bytes travel as base64, because they may be no text. */
export const REJECTED_COLUMNS = ['ts', 'topic', 'reason', 'detail', 'bytes_base64', 'size', '_partition', '_offset'] as const;

/** One JSONCompactEachRow line in the order of REJECTED_COLUMNS. */
export function rejectedLine(row: RejectedRow): string {
  const bytes = Buffer.from(row.bytes.buffer, row.bytes.byteOffset, row.bytes.byteLength).toString('base64');
  return JSON.stringify([row.ts, row.topic, row.reason, row.detail, bytes, row.size, row.partition, String(row.offset)]);
}
