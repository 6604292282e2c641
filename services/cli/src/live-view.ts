// A picture of some lines at the foot of a terminal, drawn over itself; what else is written there appears above it.
import type { Terminal } from './terminal.ts';

const ERASE_BELOW = '\x1b[0J';
const ERASE_LINE_END = '\x1b[K';

/** Each change is one write, so that it does not flicker. Nothing is hidden (no cursor, no other screen): a process that is killed leaves a usable terminal. */
export class LiveView {
  readonly #terminal: Terminal;
  #lines: readonly string[] = []; // bound: the lines of one picture

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Draws the lines in place of the last ones. They must fit the width: a line that wraps would be two. */
  show(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}${ERASE_LINE_END}\n`).join('');
    this.#terminal.draw(`${upwards(this.#lines.length)}${text}${ERASE_BELOW}`);
    this.#lines = lines; // bound: as above
  }

  /** Writes something where the picture stands; the picture comes below it. */
  above(write: () => void): void {
    const lines = this.#lines;
    if (lines.length > 0) this.#terminal.draw(`${upwards(lines.length)}${ERASE_BELOW}`);
    this.#lines = []; // bound: as above
    write();
    if (lines.length > 0) this.show(lines);
  }
}

/** To the beginning of the line so many lines above. */
function upwards(height: number): string {
  return height > 0 ? `\x1b[${height}F` : '';
}
