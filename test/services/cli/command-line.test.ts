// The command line: every command has help with examples, and a wrong call is one sentence and exit code 2.
import { describe, expect, test } from 'vitest';
import { buildProgram, runCommandLine } from '../../../services/cli/src/command-line.ts';
import { recorder } from './recorder.ts';

const names = buildProgram(recorder()).commands.map((command) => command.name());

describe('help', () => {
  test('lists every command of the contract', () => {
    expect([...names].sort()).toEqual(
      ['crawl', 'demo', 'export', 'migrate', 'probe', 'query', 'replay', 'status', 'up', 'watch'].sort(),
    );
  });

  test.each(names)('%s has help with examples, on standard output, exit code 0', async (name) => {
    const terminal = recorder();
    expect(await runCommandLine([name, '--help'], terminal)).toBe(0);
    expect(terminal.printed).toMatch(new RegExp(`^Usage: swarmscope ${name}`));
    expect(terminal.printed).toContain('Examples:');
    expect(terminal.said).toEqual([]);
  });

  test.each(names.filter((name) => name !== 'watch'))('%s takes --data', (name) => {
    const command = buildProgram(recorder()).commands.find((each) => each.name() === name)!;
    expect(command.options.map((option) => option.long)).toContain('--data');
  });

  test('--version prints the version of the package', async () => {
    const terminal = recorder();
    expect(await runCommandLine(['--version'], terminal)).toBe(0);
    expect(terminal.printed).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a wrong call is one sentence on standard error and exit code 2', () => {
  const wrong: [string[], RegExp][] = [
    [['nope'], /unknown command "nope"/],
    [['crawl', '--nope'], /unknown option '--nope'/],
    [['crawl'], /at least one --bootstrap/],
    [['crawl', '--bootstrap', 'nowhere'], /HOST:PORT/],
    [['crawl', '--bootstrap', '127.0.0.1:0'], /HOST:PORT/],
    [['crawl', '--bootstrap', 'a:1', '--seconds', '0'], /above 0/],
    [['crawl', '--bootstrap', 'a:1', '--seconds', 'soon'], /above 0/],
    [['probe', 'a'.repeat(40), '--challenges', '0'], /from 1 to 1000/],
    [['crawl', '--bootstrap', 'a:1', '--shard', '3/2'], /I\/N/],
    [['crawl', '--bootstrap', 'a:1', '--lab-network', '127.0.0.0/40'], /ADDRESS\/BITS/],
    [['crawl', '--bootstrap', 'a:1', '--port', '70000'], /0 to 65535/],
    [['probe'], /missing required argument 'torrent'/],
    [['probe', 'x', '--tracker', 'ftp://a/'], /http, https or udp/],
    [['probe', 'x', '--verify', 'some'], /Allowed choices are all, watched, none/],
    [['query'], /either the name of a query or --sql/],
    [['query', 'a', '--sql', 'SELECT 1'], /either the name of a query or --sql/],
    [['query', 'a', '--format', 'xml'], /Allowed choices are table, json, csv/],
    [['query', 'a', '--param', 'x'], /NAME=VALUE/],
    [['watch'], /subcommand is missing/],
    [['watch', 'nope'], /unknown command 'nope'/],
    [['watch', 'add', 'x', '--label', 'y'], /NAME=VALUE/],
    [['export'], /missing required argument 'table'/],
    [['demo', '--seed', 'x'], /--seed/],
    [['up', 'extra'], /too many arguments/],
  ];

  test.each(wrong)('%j', async (args, sentence) => {
    const terminal = recorder();
    expect(await runCommandLine(args, terminal)).toBe(2);
    expect(terminal.printed).toBe('');
    expect(terminal.said).toHaveLength(1);
    expect(terminal.said[0]).toMatch(sentence);
    expect(terminal.said[0]).not.toMatch(/\n|at .*\.ts/);
  });
});
