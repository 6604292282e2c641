// Events that could not be handed over before the end of a process: a file of NDJSON that the next start reads.
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { decodeEvent, type Event, encodeEvent, Rejection } from '@swarmscope/events/event.ts';

/** Adds lines of JSON (one event each, without line ends) to the file, readable by its owner alone; returns how many. */
export function writeSpool(path: string, lines: Iterable<string>): number {
  const all = [...lines];
  if (all.length > 0) appendFileSync(path, all.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  return all.length;
}

/** The events of the file, in order, and the number of lines that are none (the last one may be cut). Empty when there is no file. */
export function readSpool(path: string): { events: Event[]; rejected: number } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return { events: [], rejected: 0 };
    throw error;
  }
  const lines = text.split('\n').filter((line) => line !== '');
  const events = lines
    .map((line) => decodeEvent(/^\{"topic":"(\w+)"/.exec(line)?.[1] ?? '', line))
    .filter((event): event is Event => !(event instanceof Rejection));
  return { events, rejected: lines.length - events.length };
}

/** What it held is handed over. */
export function removeSpool(path: string): void {
  rmSync(path, { force: true });
}

/** What the spool needs of a bus; `unsent` are the lines that it has not handed over. */
export interface Spooled {
  publish(event: Event): 'queued' | 'dropped';
  flush(): Promise<boolean>;
  unsent(): Iterable<string>;
}

/**
 * Queues what an earlier process left in the file, and removes the file once the bus has handed it over. Returns what is called last, when the bus is
 * closed: the file is then exactly what is left, each event once, whether it came from the file or was published since; it returns how many.
 */
export function reopenSpool(bus: Spooled, path: string): () => number {
  const { events } = readSpool(path);
  let queued = 0;
  let isOver = false;
  const queue = async () => {
    while (queued < events.length && !isOver) {
      if (bus.publish(events[queued]!) === 'queued') queued += 1;
      // More than the bus holds: the rest waits for room instead of being sampled down.
      else if (!(await bus.flush())) return;
    }
    if (events.length > 0 && (await bus.flush()) && !isOver) removeSpool(path);
  };
  void queue();
  return () => {
    isOver = true;
    const rest = events.slice(queued).map(encodeEvent);
    const left = [...bus.unsent(), ...rest];
    removeSpool(path);
    return writeSpool(path, left);
  };
}
