#!/usr/bin/env node
// The `swarmscope` command: runs the command line and turns what happened into an exit code.
import { EXIT, explainError } from './failure.ts';

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    `swarmscope: Node 24 is needed and this is ${process.version}; \`npm ci\` brings it, start with \`npx swarmscope\`\n`,
  );
  process.exit(EXIT.failed);
}
// The embedded store runs its queries on libuv's pool, whose size is fixed at its first use.
process.env['UV_THREADPOOL_SIZE'] ??= '16';

const { processTerminal, drained } = await import('./terminal.ts');
const { runCommandLine } = await import('./command-line.ts');

try {
  process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
} catch (error) {
  // Not a Failure: an assumption of the program is wrong, and only its stack helps whoever mends it.
  const stack = error instanceof Error ? error.stack : explainError(error);
  process.stderr.write(`swarmscope: this is an error in swarmscope itself, please report it\n${stack}\n`);
  process.exitCode = EXIT.failed;
}
await drained();
// The embedded engine keeps threads of its own: do not wait for them.
process.exit();
