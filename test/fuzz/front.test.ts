// Whatever comes as a request of the HTTP front is read as one, or refused with an error of ClickHouse's kind.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { StoreError } from '@swarmscope/store/store.ts';
import { readRequest } from '@swarmscope/web/front-request.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const NAMES = [
  'query',
  'database',
  'default_format',
  'query_id',
  'param_a',
  'param_',
  'compress',
  'decompress',
  'wait_end_of_query',
  'client_protocol_version',
  'max_threads',
  '__proto__',
  'constructor',
  '',
];
const HEADERS = ['x-clickhouse-database', 'x-clickhouse-format', 'x-clickhouse-query-id', 'content-encoding'];

test('requests', async () => {
  const fields = fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.string({ unit: 'binary', maxLength: 40 })), { maxLength: 6 });
  const headers = fc.dictionary(fc.constantFrom(...HEADERS), fc.oneof(fc.string({ maxLength: 20 }), fc.constant('gzip')));
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(gzipSync(bytes))),
  );
  await fc.assert(
    fc.asyncProperty(fields, headers, body, async (given, head, bytes) => {
      const url = new URL('http://front/');
      for (const [name, value] of given) url.searchParams.append(name, value);
      const request = Object.assign(Readable.from([Buffer.from(bytes)]), {
        method: 'POST',
        headers: head,
      }) as unknown as IncomingMessage;
      try {
        const read = await readRequest(request, url, 200);
        expect(read.format).toMatch(/^\w{1,64}$/);
        expect(read.queryId).toMatch(/^[\w.:-]{0,128}$/);
        expect(Buffer.byteLength(read.sql)).toBeLessThan(3_000);
        expect(Object.keys(read.settings).filter((name) => name.startsWith('param_'))).toEqual([]);
      } catch (error) {
        expect(error).toBeInstanceOf(StoreError);
      }
    }),
    { seed: 3, numRuns: 400 },
  );
});
