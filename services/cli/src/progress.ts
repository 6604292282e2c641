// Progress for people, on standard error: bars by stage on a terminal, a line now and then where there is none.
import cliProgress from 'cli-progress';
import type { Terminal } from './terminal.ts';

export interface Stage {
  name: string;
  value: number;
  /** What the value grows towards as far as is known now; 0 when it has no end. */
  total: number;
}

export interface Progress {
  /** Shows these stages; a stage keeps its bar by name. */
  show(stages: readonly Stage[]): void;
  stop(): void;
}

const FORMAT = '{name} {bar} {figures}';
const NAME_WIDTH = 22;
/** Without a terminal: one line in so many calls, which come five times a second. */
const LINE_EVERY = 50;

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
        const payload = { name: name.padEnd(NAME_WIDTH), figures: total > 0 ? `${value}/${total}` : `${value}` };
        const goal = Math.max(1, total > 0 ? total : value);
        const bar = shown.get(name) ?? board.create(goal, 0, payload);
        shown.set(name, bar);
        bar.setTotal(goal);
        bar.update(Math.min(value, goal), payload);
      }
    },
    stop: () => board.stop(),
  };
}

function lines(terminal: Terminal): Progress {
  let last: readonly Stage[] = [];
  let calls = 0;
  const tell = () =>
    terminal.say(last.map(({ name, value, total }) => `${name} ${value}${total > 0 ? `/${total}` : ''}`).join(', '));
  return {
    show(stages) {
      last = stages;
      calls += 1;
      if (calls % LINE_EVERY === 0) tell();
    },
    stop() {
      if (last.length > 0) tell();
    },
  };
}
