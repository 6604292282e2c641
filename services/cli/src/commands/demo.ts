// `swarmscope demo`: a whole little network on loopback with known truth, measured by the ordinary services.
import { Command, Option } from 'commander';
import { jsonOption, readPort } from '../arguments.ts';
import { usageFailure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

export interface DemoOptions {
  once?: boolean;
  json?: boolean;
  port: number;
  seed: number;
  data?: string;
}

function readSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw usageFailure(`--seed is a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

const HELP = `
Nothing leaves this machine. The exit code is 0 only when measured equals true, for every torrent and for the DHT.

Examples:
  $ swarmscope demo                 then open the page it names; Ctrl-C ends it
  $ swarmscope demo --once --json | jq .equal`;

export function demoCommand(terminal: Terminal): Command {
  return new Command('demo')
    .description('start a little BitTorrent network with known truth on loopback, measure it, compare')
    .option('--once', 'end after the table')
    .addOption(jsonOption('the report (alone on standard output)'))
    .addOption(new Option('--port <n>', 'port of the page; the next free one if taken').argParser(readPort).default(8080))
    .addOption(new Option('--seed <n>', 'seed of the laboratory').argParser(readSeed).default(1))
    .addOption(new Option('--data <dir>', 'keep the data in this directory (default: a temporary one)').env('SWARMSCOPE_DATA'))
    .addHelpText('after', HELP)
    .action(async (options: DemoOptions) => {
      const { demo } = await import('../demo.ts');
      await demo(options, terminal);
    });
}
