// Events as NDJSON, one a line, to a file or to standard output; every line is written whole.
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Event, encodeEvent } from '@swarmscope/events/event.ts';
import { explainError, usageFailure } from './failure.ts';
import type { Terminal } from './terminal.ts';

export interface EventSink {
  write(events: readonly Event[]): void;
  readonly lines: number;
  close(): void;
}

/** Opens the sink; the file is replaced. A file that cannot be written is told at once, not after the crawl. */
export function openEventSink(file: string | undefined, terminal: Terminal): EventSink {
  const put = file === undefined ? { write: (text: string) => terminal.print(text), close() {} } : openFile(file);
  let lines = 0;
  return {
    write(events) {
      if (events.length === 0) return;
      lines += events.length;
      put.write(events.map((event) => `${encodeEvent(event)}\n`).join(''));
    },
    get lines() {
      return lines;
    },
    close: () => put.close(),
  };
}

function openFile(file: string): { write(text: string): void; close(): void } {
  try {
    const handle = openSync(file, 'w', 0o600);
    return { write: (text) => writeAll(handle, Buffer.from(text)), close: () => closeSync(handle) };
  } catch (error) {
    throw usageFailure(`cannot write ${file}: ${explainError(error)}`);
  }
}

function writeAll(handle: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(handle, bytes, at);
}
