// Progress for people, on standard error: bars by stage on a terminal, one line per stage reached where there is none.
import cliProgress from 'cli-progress';
import type { Terminal } from './terminal.ts';

export interface Stage {
  name: string;
  value: number;
  /** What the value grows towards as far as is known now; 0 when nothing is known yet. */
  total: number;
}

export interface Progress {
  /** Shows these stages; a stage keeps its bar by name. */
  show(stages: readonly Stage[]): void;
  stop(): void;
}

const FORMAT = '{name} {bar} {value}/{total}';
const NAME_WIDTH = 22;

export function openProgress(terminal: Terminal): Progress {
  return terminal.interactive ? bars() : lines(terminal);
}

function bars(): Progress {
  const { MultiBar, Presets } = cliProgress;
  const board = new MultiBar(
    { format: FORMAT, hideCursor: true, clearOnComplete: false, stopOnComplete: false, fps: 10, barsize: 32 },
    Presets.shades_grey,
  );
  const shown = new Map<string, ReturnType<typeof board.create>>();
  return {
    show(stages) {
      for (const { name, value, total } of stages) {
        const payload = { name: name.padEnd(NAME_WIDTH) };
        const bar = shown.get(name) ?? board.create(Math.max(1, total), 0, payload);
        shown.set(name, bar);
        bar.setTotal(Math.max(1, total));
        bar.update(Math.min(value, Math.max(1, total)), payload);
      }
    },
    stop: () => board.stop(),
  };
}

function lines(terminal: Terminal): Progress {
  const told = new Set<string>();
  return {
    show(stages) {
      for (const { name, value, total } of stages) {
        if (total === 0 || value < total || told.has(name)) continue;
        told.add(name);
        terminal.say(`${name}: ${value}`);
      }
    },
    stop() {},
  };
}
