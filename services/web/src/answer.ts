// What a request is answered with, as a value: status, headers, body.
import type { StaticFile } from './static.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** One sentence as plain text. */
export function sentence(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
    body: `${text}\n`,
  };
}

export const MISSING = sentence(404, 'There is nothing at this address.');

export function document(text: string): Answer {
  return { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }, body: text };
}

export function json(text: string): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }, body: text };
}

/** To another address of this page. */
export function redirect(to: string): Answer {
  return sentence(303, `See ${to}`, { Location: to });
}

/** A file, or 304 when the browser has this version. */
export function fileAnswer(file: StaticFile, known: string | undefined): Answer {
  const headers = { 'Content-Type': file.type, 'Cache-Control': 'no-cache', ETag: file.etag };
  return known === file.etag ? { status: 304, headers, body: '' } : { status: 200, headers, body: file.bytes };
}
