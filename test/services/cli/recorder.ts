// A terminal that remembers what a command printed and said.
import type { Terminal } from '../../../services/cli/src/terminal.ts';

export interface Recorder extends Terminal {
  printed: string;
  readonly said: string[];
}

export function recorder(): Recorder {
  const record: Recorder = {
    printed: '',
    said: [],
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
    interactive: false,
    width: 130,
  };
  return record;
}
