// A terminal that remembers what a command printed and said.
import type { Terminal } from '../../../services/cli/src/terminal.ts';

export interface Recorder extends Terminal {
  printed: string;
  readonly said: string[];
  drawn: string;
}

export function recorder(): Recorder {
  const record: Recorder = {
    printed: '',
    said: [],
    drawn: '',
    print(text) {
      record.printed += text;
    },
    printBytes(bytes) {
      record.printed += Buffer.from(bytes).toString('utf8');
      return true;
    },
    say(line) {
      record.said.push(line);
    },
    draw(text) {
      record.drawn += text;
    },
    interactive: false,
    isShared: false,
    drawingWidth: () => 130,
    width: 130,
  };
  return record;
}
