// How a dial or session ended, from the operating system's error codes: the only place where codes become outcomes.
import type { Outcome } from '@swarmscope/bittorrent/machine.ts';

const OUTCOME_OF_CODE: Readonly<Record<string, Outcome>> = {
  ECONNREFUSED: 'refused',
  ENOPROTOOPT: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  ENOTCONN: 'reset',
  ESHUTDOWN: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTDOWN: 'unreachable_net',
  EHOSTUNREACH: 'unreachable_net',
  ENETUNREACH: 'unreachable_net',
  ENETDOWN: 'unreachable_net',
  ENONET: 'unreachable_net',
  EPROTO: 'unreachable_net',
  EADDRNOTAVAIL: 'unreachable_net',
  EAFNOSUPPORT: 'unreachable_net',
  EINVAL: 'unreachable_net',
  EPERM: 'unreachable_net',
  EACCES: 'unreachable_net',
  EADDRINUSE: 'busy',
  EMFILE: 'busy',
  ENFILE: 'busy',
  ENOBUFS: 'busy',
  ENOMEM: 'busy',
  EAGAIN: 'busy',
};

/** The code of a system error, or `''`. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** The outcome of a socket error; `undefined` when the error has no known code, which is then no network failure but a broken invariant. */
export function outcomeOfError(error: unknown): Outcome | undefined {
  return OUTCOME_OF_CODE[errorCode(error)];
}
