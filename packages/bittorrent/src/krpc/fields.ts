// What one KRPC message holds, as offsets into its bytes (BEP 5, 32, 33, 42, 43, 51), and how to take copies out of it.
import { decodeCompact, type Family } from '../endpoint.ts';
import type { Endpoint } from '../machine.ts';
import { ID_BYTES, type Method, NODE_BYTES, NODE6_BYTES } from './message.ts';

const E = 0x65;
const SIX = 0x36;

/** A node named in a reply. Its bytes are copies. */
export interface Contact extends Endpoint {
  readonly id: Uint8Array;
}

/** Offsets are -1 (and counts 0) where a field is absent; they point into `bytes` and are valid until the view reads the next message. */
export class Fields {
  bytes: Uint8Array = new Uint8Array(0);
  kind: 'query' | 'reply' | 'error' | undefined = undefined;
  /** Of a query; 'other' when we do not know it. */
  method: Method | 'other' | undefined = undefined;
  transactionAt = -1;
  transactionLength = 0;
  idAt = -1;
  /** `target` or `info_hash`. */
  targetAt = -1;
  tokenAt = -1;
  tokenLength = 0;
  nodesAt = -1;
  nodesCount = 0;
  nodes6At = -1;
  nodes6Count = 0;
  /** The first value (a compact endpoint): walk with `nextValue`. */
  valuesAt = -1;
  valuesCount = 0;
  samplesAt = -1;
  samplesCount = 0;
  /** BEP 51, as sent (any integer); `intervalS` -1 when absent, -2 when negative; `num` -1 in both cases. */
  intervalS = -1;
  num = -1;
  seedsAt = -1;
  downloadersAt = -1;
  port = -1;
  impliedPort = false;
  seed = false;
  noSeed = false;
  scrape = false;
  readOnly = false;
  wants4 = false;
  wants6 = false;
  versionAt = -1;
  versionLength = 0;
  /** Our own address as the answering node sees it (BEP 42): 6 or 18 bytes. */
  ipAt = -1;
  ipLength = 0;
  errorCode = 0;

  /** The value after the one at `at`, -1 after the last. */
  nextValue(at: number): number {
    const next = at + this.valueSize(at);
    return this.bytes[next] === E ? -1 : next + (this.bytes[next] === SIX ? 2 : 3);
  }

  /** Bytes of the value at `at`: 6 or 18. */
  valueSize(at: number): 6 | 18 {
    return this.bytes[at - 2] === SIX ? 6 : 18;
  }

  /** The transaction id as the 32-bit number that we send; -1 when it has not 4 bytes. */
  transactionNumber(): number {
    const { bytes, transactionAt: at } = this;
    if (this.transactionLength !== 4) return -1;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** Whether the id is exactly `id`. */
  hasId(id: Uint8Array): boolean {
    if (this.idAt < 0) return false;
    for (let i = 0; i < ID_BYTES; i++) if (this.bytes[this.idAt + i] !== id[i]) return false;
    return true;
  }

  /** A copy of `length` bytes at an offset. */
  copy(at: number, length = ID_BYTES): Uint8Array {
    const copy = new Uint8Array(length); // never slice(): a Buffer's is a view
    for (let i = 0; i < length; i++) copy[i] = this.bytes[at + i]!;
    return copy;
  }

  /** The n-th node of a family; n is below the count. */
  contact(n: number, family: Family): Contact {
    const at = family === 4 ? this.nodesAt + n * NODE_BYTES : this.nodes6At + n * NODE6_BYTES;
    const { address, port } = decodeCompact(this.bytes, at + ID_BYTES, family);
    return { id: this.copy(at), address, port };
  }

  /** The values of one family as endpoints; a v6 message may carry both. */
  endpoints(family: Family): Endpoint[] {
    const endpoints: Endpoint[] = [];
    for (let at = this.valuesAt; at >= 0; at = this.nextValue(at))
      if ((this.valueSize(at) === 6) === (family === 4)) endpoints.push(decodeCompact(this.bytes, at, family));
    return endpoints;
  }
}
