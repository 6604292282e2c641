// An answer of ClickHouse's HTTP interface: headers, body as it comes (gzip when wanted), errors as ClickHouse gives them.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import { StoreError } from '@swarmscope/store/store.ts';
import { inFrames } from './front-blocks.ts';
import { type FrontRequest, headerOf } from './front-request.ts';

/** Marks an error in a body that had begun already: sixteen letters nobody can guess beforehand. */
const TAG_LETTERS = 16;
/** What one answer that is sent whole may take of memory. */
const WHOLE_BYTES_MAX = 256 * 1024 * 1024;

const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^JSON(Compact)?(Strings)?$|^JSONColumns/, 'application/json; charset=UTF-8'],
  [/EachRow|JSONLines|NDJSON/, 'application/x-ndjson; charset=UTF-8'],
  [/^CSV/, 'text/csv; charset=UTF-8; header=absent'],
  [/^(TabSeparated|TSV)/, 'text/tab-separated-values; charset=UTF-8'],
  [/^(Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack|Npy|BSON|CapnProto|Protobuf)/, 'application/octet-stream'],
  [/^XML$/, 'application/xml; charset=UTF-8'],
];

/** Status of an error code, as ClickHouse gives it. */
function statusOf(code: number): number {
  if (code === 516 || code === 497 || code === 194 || code === 192) return 403;
  if ([60, 46, 47, 50, 56, 81, 115].includes(code)) return 404;
  if ([62, 26, 27, 36, 41, 38, 69, 70, 72, 6, 53, 456, 457].includes(code)) return 400;
  if (code === 159) return 408;
  if (code === 202) return 503;
  if (code === 307) return 413;
  if (code === 48 || code === 1) return 501;
  return 500;
}

function headersOf(request: FrontRequest, format: string): Record<string, string> {
  return {
    'Content-Type': TYPES.find(([pattern]) => pattern.test(format))?.[1] ?? 'text/plain; charset=UTF-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-ClickHouse-Server-Display-Name': 'swarmscope',
    'X-ClickHouse-Query-Id': request.queryId,
    'X-ClickHouse-Format': format,
    'X-ClickHouse-Timezone': 'UTC',
    'X-ClickHouse-Summary':
      '{"read_rows":"0","read_bytes":"0","written_rows":"0","written_bytes":"0","total_rows_to_read":"0","result_rows":"0","result_bytes":"0","elapsed_ns":"0"}',
  };
}

/** Sends a body. Its first piece is waited for before the status, so that most errors have one. */
export async function sendBody(
  http: IncomingMessage,
  response: ServerResponse,
  request: FrontRequest,
  format: string,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const pieces = request.waits ? whole(body) : body;
  const source = (request.isFramed ? inFrames(pieces) : pieces)[Symbol.asyncIterator]();
  try {
    let next = await source.next();
    const tag = Array.from(crypto.getRandomValues(new Uint8Array(TAG_LETTERS)), (byte) =>
      String.fromCharCode(97 + (byte % 26)),
    ).join('');
    const sink = openSink(http, response, { ...headersOf(request, format), 'X-ClickHouse-Exception-Tag': tag });
    try {
      while (!next.done) {
        await sink.write(next.value);
        next = await source.next();
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      await sink.write(Buffer.from(lateError(error, tag)));
    }
    sink.end();
  } finally {
    await source.return?.();
  }
}

/** Format of ClickHouse since 25.11: the tag, the sentence, its length, the tag. */
function lateError(error: StoreError, tag: string): string {
  const text = `${error.text}\n`;
  return `\r\n__exception__\r\n${tag}\r\n${text}${Buffer.byteLength(text)} ${tag}\r\n__exception__\r\n`;
}

export function sendError(response: ServerResponse, error: StoreError, headers: Record<string, string> = {}): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(statusOf(error.code), {
    ...headers,
    'Content-Type': 'text/plain; charset=UTF-8',
    'Cache-Control': 'no-store',
    'X-ClickHouse-Exception-Code': String(error.code),
  });
  response.end(`${error.text}\n`);
}

export function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=UTF-8', 'Cache-Control': 'no-store' });
  response.end(text);
}

interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
}

/** Waits where the client is slow; ends with an error where it is gone. */
function openSink(http: IncomingMessage, response: ServerResponse, headers: Record<string, string>): Sink {
  const isPacked =
    /\bgzip\b/.test(headerOf(http, 'accept-encoding') ?? '') && /[?&]enable_http_compression=(1|true)\b/.test(http.url ?? '');
  response.writeHead(200, isPacked ? { ...headers, 'Content-Encoding': 'gzip' } : headers);
  const target = isPacked ? createGzip({ level: 1 }) : response;
  if (target !== response) target.pipe(response);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return {
    async write(bytes) {
      if (response.destroyed) throw new ClientGone();
      if (!target.write(bytes))
        await once(target, 'drain', { signal: gone.signal }).catch(() => Promise.reject(new ClientGone()));
    },
    end: () => void target.end(),
  };
}

/** Nobody listens any more: nothing is wrong, and nothing is to be said. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

async function* whole(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > WHOLE_BYTES_MAX)
      throw new StoreError('The answer is too large to be waited for (wait_end_of_query).', 396, 'TOO_MANY_ROWS_OR_BYTES');
    chunks.push(chunk);
  }
  yield Buffer.concat(chunks);
}
