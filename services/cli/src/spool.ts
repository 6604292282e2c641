// What could not be stored before the end of a process: a file of NDJSON beside the store, which the next start reads.
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decodeEvent, type Event, encodeEvent, Rejection } from '@swarmscope/events/event.ts';

const SPOOL_FILE = 'spool.ndjson';

/** Adds events to the spool of a data directory; returns how many. */
export function writeSpool(directory: string, events: Iterable<Event>): number {
  const lines = [...events].map((event) => `${encodeEvent(event)}\n`);
  if (lines.length > 0) appendFileSync(join(directory, SPOOL_FILE), lines.join(''), { mode: 0o600 });
  return lines.length;
}

/** The events of the spool; a last line that was cut is left out. */
export function readSpool(directory: string): Event[] {
  const file = join(directory, SPOOL_FILE);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const event = decodeEvent(topicOf(line), line);
      return event instanceof Rejection ? [] : [event];
    });
}

/** The spool was stored: it is not needed any more. */
export function removeSpool(directory: string): void {
  rmSync(join(directory, SPOOL_FILE), { force: true });
}

function topicOf(line: string): string {
  return /^\{"topic":"(\w+)"/.exec(line)?.[1] ?? '';
}
