// A guarded HTTP GET: names are resolved here and every address must pass the policy, redirects included; size and time are bounded.
import { lookup as resolveName } from 'node:dns/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { AddressPolicy } from './address-policy.ts';
import { readBody } from './http-body.ts';
import { errorCode, outcomeOfError } from './outcome.ts';

export interface HttpOptions {
  readonly policy: AddressPolicy;
  /** For everything: names, connections, redirects, body. */
  readonly timeoutMs: number;
  /** Of the body, after decompression. */
  readonly maxBytes: number;
  /** Default 3. */
  readonly maxRedirects?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes `first` to `last`, both included: a Range header; the answer should be 206. */
  readonly range?: { readonly first: number; readonly last: number };
  /** The operator named the host of this URL: its addresses are not judged. Hosts that it redirects to are. */
  readonly operatorNamed?: boolean;
  readonly signal?: AbortSignal;
}

/** Words that `tracker_scraped` and `webseed_audited` store. */
export type HttpOutcome = 'timeout' | 'refused' | 'reset' | 'unreachable_net' | 'name_not_found' | 'tls' | 'malformed';

/** What stood behind an outcome, where the outcome alone does not say it. */
export type HttpDetail =
  | ''
  | 'bad_url'
  | 'not_admitted'
  | 'too_many_redirects'
  | 'too_large'
  | 'bad_encoding'
  | 'bad_message'
  | 'aborted';

export interface HttpAnswer {
  readonly ok: true;
  /** Any status but a followed redirect: whether 404 is a failure is the caller's to say. */
  readonly status: number;
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** To the first byte of the last answer. */
  readonly latencyMs: number;
  readonly redirects: number;
}

export interface HttpFailure {
  readonly ok: false;
  readonly outcome: HttpOutcome;
  readonly detail: HttpDetail;
}

export type HttpResult = HttpAnswer | HttpFailure;

const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Never throws for what a remote does, or a URL says. */
export async function httpGet(url: string, options: HttpOptions): Promise<HttpResult> {
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(), options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([timer.signal, options.signal]) : timer.signal;
  try {
    return await follow(url, options, signal);
  } catch (error) {
    if (error instanceof Fault) return { ok: false, outcome: error.outcome, detail: error.detail };
    if (options.signal?.aborted) return { ok: false, outcome: 'timeout', detail: 'aborted' };
    if (timer.signal.aborted) return { ok: false, outcome: 'timeout', detail: '' };
    return failureOf(error);
  } finally {
    clearTimeout(timeout);
  }
}

/** A failure that was found here, not told by the system. */
class Fault extends Error {
  readonly outcome: HttpOutcome;
  readonly detail: HttpDetail;
  constructor(outcome: HttpOutcome, detail: HttpDetail) {
    super(detail);
    this.outcome = outcome;
    this.detail = detail;
  }
}

async function follow(first: string, options: HttpOptions, signal: AbortSignal): Promise<HttpResult> {
  let url = readUrl(first);
  const named = options.operatorNamed ? url.hostname : undefined;
  for (let redirects = 0; ; redirects += 1) {
    const addresses = await admitted(url, url.hostname === named ? undefined : options.policy, signal);
    const started = performance.now();
    const response = await send(url, addresses, options, signal);
    const latencyMs = Math.round(performance.now() - started);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (REDIRECTS.has(status) && location !== undefined) {
      response.destroy();
      if (redirects >= (options.maxRedirects ?? MAX_REDIRECTS)) throw new Fault('malformed', 'too_many_redirects');
      url = readUrl(location, url);
      continue;
    }
    const body = await readBody(response, options.maxBytes, signal);
    if (typeof body === 'string') throw new Fault('malformed', body);
    return { ok: true, status, headers: plainHeaders(response), body, latencyMs, redirects };
  }
}

function readUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') throw new Fault('malformed', 'bad_url');
  return url;
}

interface Address {
  readonly address: string;
  readonly family: number;
}

/** The addresses of the host that may be contacted; a policy of undefined admits all. What is resolved here is what is connected to: no second look-up. */
async function admitted(url: URL, policy: AddressPolicy | undefined, signal: AbortSignal): Promise<Address[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const family = isIP(host);
  const all = family > 0 ? [{ address: host, family }] : await abortable(resolveName(host, { all: true }), signal);
  const allowed = policy ? all.filter(({ address }) => policy.admits({ address, port })) : all;
  if (allowed.length === 0) throw new Fault('unreachable_net', 'not_admitted');
  return allowed;
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = () => reject(new Error('aborted'));
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}

function send(url: URL, addresses: readonly Address[], options: HttpOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const { range } = options;
  const headers = {
    // A part of a compressed body would be no part of the file.
    'accept-encoding': range ? 'identity' : 'gzip',
    ...(range ? { range: `bytes=${range.first}-${range.last}` } : {}),
    ...options.headers,
  };
  const lookup: LookupFunction = (_host, { all }, found) => {
    if (all) found(null, [...addresses]);
    else found(null, addresses[0]!.address, addresses[0]!.family);
  };
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    // No agent: a connection is never another request's.
    const sent = request(url, { agent: false, headers, lookup, signal, maxHeaderSize: 16 * 1024 }, resolve);
    sent.on('error', reject);
    sent.end();
  });
}

function plainHeaders(response: IncomingMessage): Record<string, string> {
  const entries = Object.entries(response.headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]));
}

function failureOf(error: unknown): HttpFailure {
  const code = errorCode(error);
  // Happy eyeballs: every address failed, in its own way; the first tells.
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  if (/^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/.test(code)) return { ok: false, outcome: 'name_not_found', detail: '' };
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|UNABLE_TO|SELF_SIGNED|HOSTNAME_)/.test(code) || code === 'EPROTO')
    return { ok: false, outcome: 'tls', detail: '' };
  const outcome = outcomeOfError(error);
  switch (outcome) {
    case 'timeout':
    case 'refused':
    case 'reset':
    case 'unreachable_net':
      return { ok: false, outcome, detail: '' };
    case undefined:
      return { ok: false, outcome: 'malformed', detail: 'bad_message' };
    default:
      return { ok: false, outcome: 'unreachable_net', detail: '' };
  }
}
