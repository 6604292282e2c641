// The command line of `swarmscope`: its commands, how errors are told (one sentence, an exit code), and `up` as the default.
import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.ts';
import { EXIT, Failure, usageFailure } from './failure.ts';
import type { Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

const DESCRIPTION =
  'Measures BitTorrent swarms from evidence: crawls the DHT, joins swarms, proves who really seeds, keeps the history.';

const EXAMPLES = `
Examples:
  $ swarmscope demo                             a whole little network on this machine, measured against its known truth
  $ swarmscope                                  the real network: crawl, probe, store in ./data, page on port 8080
  $ swarmscope probe 'magnet:?xt=urn:btih:...'  one swarm, right now
  $ swarmscope COMMAND --help                   flags and examples of a command`;

/** The whole command line; errors come out as exceptions, and nothing is printed but help and version. */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command('swarmscope')
    .description(DESCRIPTION)
    .version(VERSION)
    .addHelpText('after', EXAMPLES)
    .helpCommand(false);
  for (const make of COMMANDS) {
    const command = make(terminal);
    program.addCommand(command, { isDefault: command.name() === 'up' });
  }
  for (const command of [program, ...program.commands.flatMap((each) => [each, ...each.commands])])
    command
      .exitOverride()
      .configureOutput({ writeOut: (text) => terminal.print(text), writeErr: () => {}, getOutHelpWidth: () => terminal.width });
  return program;
}

/** `--data DIR` before the name of the command means the same as behind it. */
function normalise(args: readonly string[]): string[] {
  if (args[0] === '--data' && args.length > 2 && !args[2]!.startsWith('-'))
    return [args[2]!, '--data', args[1]!, ...args.slice(3)];
  if (args[0]?.startsWith('--data=') && args[1] && !args[1].startsWith('-')) return [args[1], args[0], ...args.slice(2)];
  return [...args];
}

/** Runs a command line (without `node` and script). Returns the exit code; errors of the program itself are thrown. */
export async function runCommandLine(given: readonly string[], terminal: Terminal): Promise<number> {
  const program = buildProgram(terminal);
  const args = normalise(given);
  try {
    const name = args[0];
    if (name !== undefined && !name.startsWith('-') && !program.commands.some((each) => each.name() === name))
      throw usageFailure(`unknown command ${JSON.stringify(name)}; \`swarmscope --help\` lists the commands`);
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return tellUsage(error, args, program, terminal);
    if (!(error instanceof Failure)) throw error;
    terminal.say(`swarmscope: ${error.message}`);
    return error.exitCode;
  }
}

/** Commander's own errors: help and version are no errors; the rest is a wrong call. */
function tellUsage(error: CommanderError, args: readonly string[], program: Command, terminal: Terminal): number {
  if (error.exitCode === 0) return EXIT.ok;
  const command = program.commands.find((each) => each.name() === args[0]);
  const help = command ? `swarmscope ${command.name()} --help` : 'swarmscope --help';
  const sentence =
    error.code === 'commander.help' ? 'a subcommand is missing' : error.message.replace(/^error: /, '').split('\n')[0]!;
  terminal.say(`swarmscope: ${sentence.replace(/\.$/, '')} (see \`${help}\`)`);
  return EXIT.usage;
}
