// Where notices go: a webhook (JSON, or Slack's format), a command of the operator, the log. Each says whether it was accepted; none throws.
import { spawn } from 'node:child_process';
import { type Notice, noticeJson, noticeLine, noticeSlack } from './notice.ts';

/** How a delivery ended; `why` is one sentence for the log. */
export type Delivered = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface Receiver {
  /** For the log: kind and host, never a path (webhook paths are secrets). */
  readonly name: string;
  deliver(notice: Notice, signal: AbortSignal): Promise<Delivered>;
}

const TIMEOUT_MS = 10_000;

/** POSTs each notice. Redirects are not followed: the operator named this address and no other. */
export function webhook(url: string, format: 'json' | 'slack', pageUrl: string | undefined): Receiver {
  const body = format === 'slack' ? noticeSlack : noticeJson;
  return {
    name: `${format} webhook at ${new URL(url).host}`,
    async deliver(notice, signal) {
      try {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body(notice, pageUrl)),
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        await answer.body?.cancel();
        return answer.ok ? { ok: true } : { ok: false, why: `it answered ${answer.status}` };
      } catch (error) {
        return { ok: false, why: reasonOf(error) };
      }
    },
  };
}

/** Runs a program with the notice as JSON on its standard input; 0 is accepted. No shell: the words are given as they are. */
export function command(words: readonly [string, ...string[]], pageUrl: string | undefined): Receiver {
  const [program, ...args] = words;
  return {
    name: `command ${program}`,
    deliver: (notice, signal) =>
      new Promise((resolve) => {
        const child = spawn(program, args, {
          stdio: ['pipe', 'ignore', 'ignore'],
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        child.on('error', (error) => resolve({ ok: false, why: reasonOf(error) }));
        child.on('close', (code) => resolve(code === 0 ? { ok: true } : { ok: false, why: `it ended with ${code}` }));
        child.stdin.on('error', () => {});
        child.stdin.end(`${JSON.stringify(noticeJson(notice, pageUrl))}\n`);
      }),
  };
}

/** Writes each notice as a warning. */
export function logReceiver(warn: (line: string) => void): Receiver {
  return {
    name: 'log',
    async deliver(notice) {
      warn(noticeLine(notice));
      return { ok: true };
    },
  };
}

function reasonOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } }).cause?.code ?? (error as { code?: unknown }).code;
  if (typeof cause === 'string') return `it could not be reached (${cause})`;
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
}
