// Events that could not be handed over before the end of a process: a file of NDJSON that the next start reads.
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { decodeEvent, type Event, Rejection } from '@swarmscope/events/event.ts';

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
