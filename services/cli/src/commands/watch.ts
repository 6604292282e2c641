// `swarmscope watch add|remove|list|check|import|sync`: edits watchlist.yaml, keeping its comments; checks it once; publishes it in a cluster.
import { Command, Option } from 'commander';
import { dataOption, jsonOption, labNetworkOption, readCount } from '../arguments.ts';
import { usageFailure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { CENSUS_SECONDS_MAX, type CensusOptions, withCensusOptions } from './census-options.ts';

export interface WatchFileOptions {
  file?: string;
  data: string;
}

export interface WatchAddOptions extends WatchFileOptions {
  name?: string;
  label?: Record<string, string>;
  objective?: Record<string, string>;
}

export interface WatchSyncOptions extends WatchFileOptions {
  follow?: boolean;
}

export interface WatchImportOptions extends WatchFileOptions {
  label?: Record<string, string>;
  objective?: Record<string, string>;
  limit: number;
  labNetwork?: string[];
  dryRun?: boolean;
  json?: boolean;
}

export interface WatchCheckOptions extends CensusOptions {
  file?: string;
}

const HELP = `
The watch list is a file that you may also edit by hand (watchlist.example.yaml explains it); a running \`swarmscope up\` reads changes.

Examples:
  $ swarmscope watch add debian.torrent --label project=debian --objective min_proved_seeders=3
  $ swarmscope watch list --json
  $ swarmscope watch remove 0123456789abcdef0123456789abcdef01234567
  $ swarmscope watch import https://archive.example/feed.xml --label project=archive
  $ swarmscope watch check --file watchlist.yaml && echo 'every objective is met'
  $ swarmscope watch sync --follow --file watchlist.yaml`;

function readPair(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw usageFailure(`expected NAME=VALUE, not ${JSON.stringify(text)}`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

const labelOption = (meaning: string) => new Option('--label <name=value>', meaning).argParser(readPair);
const objectiveOption = (meaning: string) => new Option('--objective <name=value>', meaning).argParser(readPair);
const fileOption = () => new Option('--file <file>', 'watch list (default: watchlist.yaml in the data directory)');

export function watchCommand(terminal: Terminal): Command {
  const add = new Command('add')
    .description('add a torrent')
    .argument('<torrent>', 'magnet link, infohash or .torrent file')
    .option('--name <name>', 'display name')
    .addOption(labelOption('label (repeatable)'))
    .addOption(objectiveOption('objective, for instance min_proved_seeders=3 (repeatable)'))
    .addOption(fileOption())
    .addOption(dataOption())
    .action(async (torrent: string, options: WatchAddOptions) => {
      const { watchAdd } = await import('../watch.ts');
      watchAdd(torrent, options, terminal);
    });
  const remove = new Command('remove')
    .description('remove a torrent')
    .argument('<torrent>', 'magnet link, infohash or .torrent file')
    .addOption(fileOption())
    .addOption(dataOption())
    .action(async (torrent: string, options: WatchFileOptions) => {
      const { watchRemove } = await import('../watch.ts');
      watchRemove(torrent, options, terminal);
    });
  const list = new Command('list')
    .description('list what is watched')
    .addOption(jsonOption('the entries'))
    .addOption(fileOption())
    .addOption(dataOption())
    .action(async (options: WatchFileOptions & { json?: boolean }) => {
      const { watchList } = await import('../watch.ts');
      watchList(options, terminal);
    });
  const sync = new Command('sync')
    .description('publish what changed in the watch list to Kafka (SWARMSCOPE_KAFKA_BROKERS); in a cluster one process does it')
    .option('--follow', 'go on, and publish each change of the file')
    .addOption(fileOption())
    .addOption(dataOption())
    .action(async (options: WatchSyncOptions) => {
      const { watchSync } = await import('../watch-sync.ts');
      await watchSync(options, terminal);
    });
  return new Command('watch')
    .description('edit the watch list: torrents that are probed often, verified and alerted on')
    .addCommand(add)
    .addCommand(remove)
    .addCommand(list)
    .addCommand(importCommand(terminal))
    .addCommand(checkCommand(terminal))
    .addCommand(sync)
    .addHelpText('after', HELP);
}

const IMPORT_LIMIT = 1_000;

function importCommand(terminal: Terminal): Command {
  return new Command('import')
    .description('add every torrent of a feed (RSS, Atom) or JSON list that is not in the watch list yet')
    .argument('<source...>', 'http(s) address or file')
    .addOption(labelOption('label of each new entry (repeatable)'))
    .addOption(objectiveOption('objective of each new entry (repeatable)'))
    .addOption(new Option('--limit <n>', 'at most so many new entries').argParser(readCount).default(IMPORT_LIMIT))
    .option('--dry-run', 'change nothing in the list; say what would be added')
    .addOption(labNetworkOption())
    .addOption(jsonOption('what was added'))
    .addOption(fileOption())
    .addOption(dataOption())
    .action(async (sources: string[], options: WatchImportOptions) => {
      const { watchImport } = await import('../watch-import.ts');
      await watchImport(sources, options, terminal);
    });
}

function checkCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description('take one census of the watch list; exit code 1 when an objective is missed or cannot be measured')
    .argument('[torrent...]', 'entries of the list: magnet link, infohash or .torrent file (default: all)')
    .addOption(fileOption());
  return withCensusOptions(command, 'entries with what was measured').action(
    async (names: string[], options: WatchCheckOptions) => {
      const { watchCheck } = await import('../watch-check.ts');
      await watchCheck(names, { ...options, seconds: Math.min(options.seconds, CENSUS_SECONDS_MAX) }, terminal);
    },
  );
}
