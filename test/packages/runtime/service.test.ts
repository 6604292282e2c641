// The service shell: order of stopping, exit codes, signals, failures, a stop that hangs; logs without secrets.
import { EventEmitter } from 'node:events';
import { ConfigError } from '@swarmscope/runtime/config.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import { runService, type Service, type Shell } from '@swarmscope/runtime/service.ts';
import { describe, expect, test, vi } from 'vitest';

interface Line {
  level: string;
  msg: string;
  err?: { message: string };
  where?: string;
  part?: string;
}

/** A process in a box: its signals, its log, and what became of it. */
function boxed(options: { stopTimeoutMs?: number } = {}) {
  const host = new EventEmitter();
  const lines: Line[] = [];
  const exits: number[] = [];
  const order: string[] = [];
  const log = openLog({
    level: 'debug',
    service: 'test',
    instanceId: 'one',
    sink: { write: (line) => lines.push(JSON.parse(line)) },
  });
  const part = (name: string, stop: () => Promise<void> = async () => {}): Service & { fail(error: Error): void } => {
    const failure = Promise.withResolvers<never>();
    return {
      name,
      failed: failure.promise,
      fail: failure.reject,
      stop: () => {
        order.push(name);
        return stop();
      },
    };
  };
  const run = (start: (shell: Shell) => Promise<void>) =>
    runService({ log, host: host as unknown as NodeJS.Process, exit: (code) => exits.push(code), ...options }, start);
  return { host, lines, exits, order, part, run };
}

describe('the shell', () => {
  test.each(['SIGINT', 'SIGTERM'])('%s ends it in reverse order, with 0, and leaves no handler behind', async (signal) => {
    const { host, order, part, run } = boxed();
    const code = run(async (shell) => {
      shell.closing('bus', async () => void order.push('bus'));
      shell.add(part('ingest'));
      shell.add(part('crawler'));
      setImmediate(() => host.emit(signal, signal));
    });
    expect(await code).toBe(0);
    expect(order).toEqual(['crawler', 'ingest', 'bus']);
    expect(host.eventNames()).toEqual([]);
  });

  test('a second signal ends at once', async () => {
    const { host, exits, part, run } = boxed({ stopTimeoutMs: 20 });
    const code = run(async (shell) => {
      shell.add(part('slow', () => new Promise(() => {})));
      setImmediate(() => {
        host.emit('SIGINT', 'SIGINT');
        host.emit('SIGTERM', 'SIGTERM');
      });
    });
    expect(await code).toBe(1);
    expect(exits).toEqual([143]);
  });

  test('a service that failed ends all the others, with 1', async () => {
    const { lines, order, part, run } = boxed();
    const code = run(async (shell) => {
      shell.add(part('ingest'));
      const bad = shell.add(part('crawler'));
      expect(shell.ending.aborted).toBe(false);
      bad.fail(new Error('table is empty'));
    });
    expect(await code).toBe(1);
    expect(order).toEqual(['crawler', 'ingest']);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'error', where: 'crawler', err: expect.objectContaining({ message: 'table is empty' }) }),
    );
  });

  test('a broken invariant of a machine, and an error that nobody caught, end it with 1', async () => {
    const first = boxed();
    expect(await first.run(async (shell) => shell.onInvariant(new Error('x')))).toBe(1);
    const second = boxed();
    const code = second.run(async () => void setImmediate(() => second.host.emit('unhandledRejection', new Error('y'))));
    expect(await code).toBe(1);
  });

  test('a wrong configuration is its sentence and 2; what was started is stopped', async () => {
    const { lines, order, part, run } = boxed();
    const code = await run(async (shell) => {
      shell.add(part('bus'));
      throw new ConfigError('SWARMSCOPE_X must be set.');
    });
    expect(code).toBe(2);
    expect(order).toEqual(['bus']);
    expect(lines.map((line) => line.msg)).toEqual(['SWARMSCOPE_X must be set.']);
  });

  test('a port in use is a sentence and 1', async () => {
    const { lines, run } = boxed();
    const code = await run(async () => {
      throw Object.assign(new Error('bind EADDRINUSE 127.0.0.1:1'), { code: 'EADDRINUSE' });
    });
    expect(code).toBe(1);
    expect(lines[0]).toMatchObject({ msg: 'Could not start: bind EADDRINUSE 127.0.0.1:1.' });
    expect(lines[0]?.err).toBeUndefined();
  });

  test('a stop that hangs is named, and one that throws does not keep the rest', async () => {
    const hanging = boxed({ stopTimeoutMs: 10 });
    const code = hanging.run(async (shell) => {
      shell.add(hanging.part('stuck', () => new Promise(() => {})));
      shell.onInvariant(new Error('x'));
    });
    expect(await code).toBe(1);
    expect(hanging.lines.at(-1)).toMatchObject({ msg: 'Did not end in time.', part: 'stuck' });

    const throwing = boxed();
    const other = throwing.run(async (shell) => {
      shell.add(throwing.part('first'));
      shell.add(throwing.part('second', () => Promise.reject(new Error('no'))));
      setImmediate(() => throwing.host.emit('SIGTERM', 'SIGTERM'));
    });
    expect(await other).toBe(1);
    expect(throwing.order).toEqual(['second', 'first']);
  });
});

describe('log', () => {
  test('the level is the operator’s, who sets it in the environment; a wrong one is the configuration’s to refuse', () => {
    const heard = (level: string) => {
      vi.stubEnv('SWARMSCOPE_LOG_LEVEL', level);
      const lines: string[] = [];
      const log = openLog({ service: 's', instanceId: 'i', sink: { write: (line) => void lines.push(line) } });
      log.debug({}, 'debug');
      log.info({}, 'info');
      log.error({}, 'error');
      vi.unstubAllEnvs();
      return lines.map((line) => JSON.parse(line).msg);
    };
    expect(heard('debug')).toEqual(['debug', 'info', 'error']);
    expect(heard('error')).toEqual(['error']);
    expect(heard('loud')).toEqual(['info', 'error']);
  });

  test('one JSON line each, with who says it; what may hold a secret is removed', () => {
    const lines: Record<string, unknown>[] = [];
    const sink = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const log = openLog({ level: 'info', service: 'prober', instanceId: 'p1', sink }).child({ swarm: 'ab' });
    log.debug({}, 'unheard');
    log.info({ tracker: { url: 'http://t/secret/announce' }, url: 'http://t/x', peers: 5 }, 'Asked.');
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        service: 'prober',
        instance_id: 'p1',
        swarm: 'ab',
        tracker: { url: '[removed]' },
        url: '[removed]',
        peers: 5,
        msg: 'Asked.',
      },
    ]);
  });
});
