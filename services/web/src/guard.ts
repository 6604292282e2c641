// Who may ask: the Host header (against DNS rebinding), the password of any bind beyond loopback, and the headers that keep a page to itself.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { ConfigError } from '@swarmscope/runtime/config.ts';

export interface GuardOptions {
  /** The address that is listened on. */
  readonly address: string;
  /** Needed beyond loopback; the user name is not looked at. */
  readonly password?: string;
  /** Further host names that the page is reached by (behind a proxy). */
  readonly hosts?: readonly string[];
}

/** Why a request is refused. */
export interface Refusal {
  readonly status: 401 | 403 | 429;
  readonly sentence: string;
}

/** Wrong passwords in one window, from everybody together; then even the right one waits for the next window. */
const FAILURES_MAX = 20;
const WINDOW_MS = 60_000;

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address === 'localhost' || (isIPv4(address) && address.startsWith('127.'));
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #now: () => number;
  #failures = 0;
  #windowStart = Number.NEGATIVE_INFINITY;

  /** Throws ConfigError when a password is missing where one is needed. `now` is monotonic milliseconds. */
  constructor(options: GuardOptions, now: () => number) {
    if (!isLoopback(options.address) && !options.password)
      throw new ConfigError(
        `The page listens beyond this machine (${options.address}) only with a password: set SWARMSCOPE_WEB_PASSWORD.`,
      );
    this.#options = options;
    this.#now = now;
  }

  /** Undefined when the request may go on. */
  check(request: IncomingMessage): Refusal | undefined {
    if (!this.#admitsHost(request.headers.host)) return { status: 403, sentence: 'This host name is not one of this page.' };
    const site = request.headers['sec-fetch-site'];
    const isNavigation = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
    if (site === 'cross-site' && !isNavigation)
      return { status: 403, sentence: 'Other sites may link to this page, not use it.' };
    return this.#options.password ? this.#checkPassword(request.headers.authorization, this.#options.password) : undefined;
  }

  /** A site that points its own name at a loopback address must not read from here. With a password browsers keep credentials apart by name. */
  #admitsHost(header: string | undefined): boolean {
    const name = hostName(header);
    if (name === undefined) return false;
    if (this.#options.hosts?.includes(name)) return true;
    return isLoopback(this.#options.address)
      ? isLoopback(name)
      : this.#options.hosts === undefined || name === this.#options.address;
  }

  #checkPassword(header: string | undefined, password: string): Refusal | undefined {
    const now = this.#now();
    if (now - this.#windowStart > WINDOW_MS) {
      this.#windowStart = now;
      this.#failures = 0;
    }
    if (this.#failures >= FAILURES_MAX) return { status: 429, sentence: 'Too many wrong passwords: try again in a minute.' };
    if (header === undefined) return { status: 401, sentence: 'A password is needed.' };
    if (isSame(passwordOf(header), password)) return undefined;
    this.#failures += 1;
    return { status: 401, sentence: 'That is not the password.' };
  }
}

/** Name of a Host header, without port and brackets, in lower case. */
function hostName(header: string | undefined): string | undefined {
  return /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i
    .exec(header ?? '')
    ?.slice(1, 3)
    .find((part) => part !== undefined)
    ?.toLowerCase();
}

function passwordOf(header: string): string {
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,1024})$/i.exec(header)?.[1] ?? '';
  const text = Buffer.from(encoded, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

/** Compares in a time that tells nothing about where they differ. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** On every answer of the page: nothing from elsewhere, nothing inline, in no frame, and no address (with infohashes in it) given away. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};
