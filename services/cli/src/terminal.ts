// Where a command puts its data (standard output) and its words for people (standard error); a closed pipe is no error.
import { EXIT } from './failure.ts';

export interface Terminal {
  /** Data, as it is. */
  print(text: string): void;
  /** The same for bytes; false when the reader is behind: wait for `drain` of standard output. */
  printBytes(bytes: Uint8Array): boolean;
  /** One line for people, beside the data. */
  say(line: string): void;
  /** The same, as it is: to draw on a terminal. */
  draw(text: string): void;
  /** Standard error is a terminal: progress may be drawn on it. */
  readonly interactive: boolean;
  /** Data and words go to a terminal both: most likely the same one. */
  readonly isShared: boolean;
  /** Columns of the terminal that is drawn on, now: it may change. */
  drawingWidth(): number;
  /** Columns that fit a line of standard output; a wide default when it is no terminal. */
  readonly width: number;
}

const WIDTH_UNKNOWN = 160;

/** The terminal of this process. When whoever reads standard output goes away (`| head`), the process ends quietly. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
  // Nobody to tell it to: what cannot be said on standard error is not said.
  process.stderr.on('error', () => {});
  return {
    print: (text) => void process.stdout.write(text),
    printBytes: (bytes) => process.stdout.write(bytes),
    say: (line) => void process.stderr.write(`${line}\n`),
    draw: (text) => void process.stderr.write(text),
    // A terminal that cannot move its cursor is a printer.
    interactive: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    isShared: process.stderr.isTTY === true && process.stdout.isTTY === true,
    drawingWidth: () => process.stderr.columns || WIDTH_UNKNOWN,
    width: process.stdout.isTTY ? process.stdout.columns : WIDTH_UNKNOWN,
  };
}

/** Kept when everything written so far has left the process. */
export async function drained(): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    if (!stream.destroyed && stream.writableLength > 0) await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
