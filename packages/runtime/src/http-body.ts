// The body of an HTTP answer within a bound: what is longer, also after decompression, is given up while it arrives.
import type { IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflate } from 'node:zlib';

class TooLarge extends Error {}

/** Keeps at most `maxBytes`. */
class Bounded extends Writable {
  readonly #chunks: Uint8Array[] = []; // bound: maxBytes in all
  readonly #maxBytes: number;
  #length = 0;

  constructor(maxBytes: number) {
    super();
    this.#maxBytes = maxBytes;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#length += chunk.length;
    if (this.#length > this.#maxBytes) {
      done(new TooLarge());
      return;
    }
    this.#chunks.push(chunk);
    done();
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}

/** The decoded bytes, or why there are none. Errors of the connection are thrown as they come. */
export async function readBody(
  response: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | 'too_large' | 'bad_encoding'> {
  const sink = new Bounded(maxBytes);
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  try {
    if (encoding === 'identity' || encoding === '') await pipeline(response, sink, { signal });
    else if (encoding === 'gzip' || encoding === 'x-gzip') await pipeline(response, createGunzip(), sink, { signal });
    else if (encoding === 'deflate') await pipeline(response, createInflate(), sink, { signal });
    else {
      response.destroy();
      return 'bad_encoding';
    }
  } catch (error) {
    if (error instanceof TooLarge) return 'too_large';
    if (/^Z_/.test(String((error as { code?: unknown }).code))) return 'bad_encoding';
    throw error;
  }
  return sink.bytes();
}
