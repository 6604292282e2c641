// The commands of `swarmscope`, in the order in which `--help` lists them; what a command does is loaded when it runs.
import type { Command } from 'commander';
import { crawlCommand } from './commands/crawl.ts';
import { demoCommand } from './commands/demo.ts';
import { exportCommand } from './commands/export.ts';
import { migrateCommand } from './commands/migrate.ts';
import { probeCommand } from './commands/probe.ts';
import { queryCommand } from './commands/query.ts';
import { replayCommand } from './commands/replay.ts';
import { statusCommand } from './commands/status.ts';
import { upCommand } from './commands/up.ts';
import { watchCommand } from './commands/watch.ts';
import type { Terminal } from './terminal.ts';

export const COMMANDS: readonly ((terminal: Terminal) => Command)[] = [
  demoCommand,
  upCommand,
  crawlCommand,
  probeCommand,
  watchCommand,
  queryCommand,
  exportCommand,
  replayCommand,
  statusCommand,
  migrateCommand,
];
