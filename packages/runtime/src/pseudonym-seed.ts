// Where the pseudonym key comes from: a value that the operator gives to all services, or a file that is overwritten at each ratchet.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { createFileAtomic, writeFileAtomic } from './files.ts';
import { errorCode } from './outcome.ts';
import { type EpochKey, epochAt, KEY_BYTES, PSEUDONYM_PERIOD_MS, Pseudonyms } from './pseudonym.ts';

export interface SeedOptions {
  /** `EPOCH:HEX`, or the hex alone (epoch 0): 32 bytes. Who keeps it can compute every later key: a file that is shared forgets better. */
  readonly value?: string | undefined;
  /** Made with a random key when absent; readable by its owner alone. */
  readonly path?: string | undefined;
  readonly clock: Clock;
  readonly periodMs?: number;
}

/** Neither value nor path: a key of this process alone, gone with it. Throws one sentence for a seed that cannot be read. */
export function openPseudonyms(options: SeedOptions): Pseudonyms {
  const { clock, value, path, periodMs = PSEUDONYM_PERIOD_MS } = options;
  const fresh = () => ({ epoch: epochAt(clock.wall(), periodMs), key: new Uint8Array(randomBytes(KEY_BYTES)) });
  if (value !== undefined) return new Pseudonyms({ ...parseSeed(value, 'The pseudonym seed'), clock, periodMs });
  if (path === undefined) return new Pseudonyms({ ...fresh(), clock, periodMs });
  const seed = readSeed(path) ?? createSeed(path, fresh());
  return new Pseudonyms({ ...seed, clock, periodMs, onRatchet: (present) => keepSeed(path, present) });
}

/** Reads `EPOCH:HEX` or `HEX`. */
export function parseSeed(text: string, what: string): EpochKey {
  const match = /^(?:(\d{1,9}):)?([0-9a-f]{64})$/i.exec(text.trim());
  if (!match) throw new Error(`${what} must be 64 hexadecimal digits, or EPOCH:DIGITS.`);
  return { epoch: Number(match[1] ?? 0), key: new Uint8Array(Buffer.from(match[2]!, 'hex')) };
}

function readSeed(path: string): EpochKey | undefined {
  try {
    return parseSeed(readFileSync(path, 'utf8'), `The pseudonym seed in ${path}`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of several services that start at once one makes the file; the others read it. */
function createSeed(path: string, seed: EpochKey): EpochKey {
  return createFileAtomic(path, textOf(seed), 0o600) ? seed : readSeed(path)!;
}

/** Several services may share the file: an older key never overwrites a newer one. */
function keepSeed(path: string, present: EpochKey): void {
  const there = readSeed(path);
  if (!there || there.epoch < present.epoch) writeFileAtomic(path, textOf(present), 0o600);
}

function textOf({ epoch, key }: EpochKey): string {
  return `${epoch}:${Buffer.from(key).toString('hex')}\n`;
}
