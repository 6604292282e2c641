// A request of ClickHouse's HTTP interface: the statement from address and body, what in the address is a parameter, a setting, or neither.
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { StoreError } from '@swarmscope/store/store.ts';
import { unframe } from './front-unframe.ts';

/** A statement with everything that came beside it. */
export interface FrontRequest {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly format: string;
  /** Wanted in the answer; ours when the client gave none. */
  readonly queryId: string;
  /** Errors shall have a status: nothing is sent before everything is there. */
  readonly waits: boolean;
  /** The answer is wanted in ClickHouse's own frames. */
  readonly isFramed: boolean;
  /** Protocol revision that a client of the Native format speaks; 0 without one. */
  readonly revision: number;
}

/** What is neither a parameter nor a setting of the engine. */
const RESERVED = new Set([
  'query',
  'database',
  'default_format',
  'query_id',
  'session_id',
  'session_timeout',
  'session_check',
  'session_timezone',
  'user',
  'password',
  'role',
  'quota_key',
  'stacktrace',
  'compress',
  'decompress',
  'buffer_size',
  'wait_end_of_query',
  'client_protocol_version',
  'enable_http_compression',
]);
const DATABASES = new Set(['', 'default', 'swarmscope', 'system']);
const gunzipBounded = promisify(gunzip);

/** Reads a request; throws StoreError with ClickHouse's own codes. `bytesMax` bounds the body, packed and unpacked. */
export async function readRequest(request: IncomingMessage, url: URL, bytesMax: number): Promise<FrontRequest> {
  const fields = url.searchParams;
  const database = fields.get('database') ?? headerOf(request, 'x-clickhouse-database') ?? '';
  if (!DATABASES.has(database)) throw new StoreError(`Database ${database} does not exist.`, 81, 'UNKNOWN_DATABASE');
  const isFramedBody = (fields.get('decompress') ?? '0') !== '0';
  const body = request.method === 'POST' ? await readBody(request, bytesMax, isFramedBody) : '';
  const sql = [fields.get('query') ?? '', body].filter((part) => part !== '').join('\n');
  const rest = [...fields].filter(([name]) => !RESERVED.has(name));
  const isParameter = ([name]: [string, string]) => name.startsWith('param_');
  return {
    sql,
    parameters: Object.fromEntries(rest.filter(isParameter).map(([name, text]) => [name.slice('param_'.length), text])),
    settings: Object.fromEntries(rest.filter((field) => !isParameter(field))),
    format: formatName(fields.get('default_format') ?? headerOf(request, 'x-clickhouse-format') ?? 'TabSeparated'),
    queryId: (fields.get('query_id') ?? headerOf(request, 'x-clickhouse-query-id') ?? crypto.randomUUID())
      .replace(/[^\w.:-]/g, '')
      .slice(0, 128),
    waits: fields.get('wait_end_of_query') === '1',
    isFramed: (fields.get('compress') ?? '0') !== '0',
    revision: Number(fields.get('client_protocol_version')) || 0,
  };
}

function formatName(name: string): string {
  if (!/^\w{1,64}$/.test(name)) throw new StoreError(`Unknown format ${name}`, 73, 'UNKNOWN_FORMAT');
  return name;
}

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

async function readBody(request: IncomingMessage, bytesMax: number, isFramed: boolean): Promise<string> {
  const body = await readUnpacked(request, bytesMax);
  if (!isFramed) return body.toString();
  const plain = unframe(body, bytesMax);
  if (plain === 'too large') throw tooLarge(bytesMax);
  if (plain === 'checksum') throw new StoreError('The checksum of a compressed frame does not fit.', 40, 'CHECKSUM_DOESNT_MATCH');
  if (plain === 'method') throw new StoreError('Frames are read here in LZ4, or plain.', 89, 'UNKNOWN_COMPRESSION_METHOD');
  if (plain === 'malformed') throw new StoreError('The compressed body cannot be read.', 271, 'CANNOT_DECOMPRESS');
  return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString();
}

async function readUnpacked(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  const packed = Buffer.concat(chunks);
  const encoding = headerOf(request, 'content-encoding') ?? 'identity';
  if (encoding === 'identity') return packed;
  if (encoding !== 'gzip')
    throw new StoreError(`Content-Encoding ${encoding} is not known here; use gzip.`, 48, 'NOT_IMPLEMENTED');
  try {
    return await gunzipBounded(packed, { maxOutputLength: bytesMax });
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax);
    throw new StoreError('The body is no gzip.', 354, 'ZLIB_INFLATE_FAILED', cause);
  }
}

function tooLarge(bytesMax: number): StoreError {
  return new StoreError(`A statement is at most ${bytesMax} bytes here.`, 307, 'TOO_MANY_BYTES');
}
