// The UDP side of the lab's tracker (BEP 15) over the same memory as the HTTP side.
import { encodeCompact, family } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint, Machine, Out } from '@swarmscope/bittorrent/machine.ts';
import { mix32, mixText } from './mix.ts';
import type { Announce, LabTracker } from './tracker.ts';

// connect  = 0x41727101980:8 0:4 transaction:4                 answered by  0:4 transaction:4 connection:8
// announce = connection:8 1:4 transaction:4 info-hash:20 peer-id:20 downloaded:8 left:8 uploaded:8 event:4 ip:4 key:4 wanted:4 port:2
//            answered by  1:4 transaction:4 interval:4 leechers:4 seeders:4 (address:4 port:2)*
// scrape   = connection:8 2:4 transaction:4 (info-hash:20)*    answered by  2:4 transaction:4 (seeders:4 completed:4 leechers:4)*
// error    = 3:4 transaction:4 text

const PROTOCOL = 0x41727101980n;
const ANNOUNCE_BYTES = 98;
const MAX_HASHES = 74;
const CONNECTION_MS = 60_000;
const EVENTS: readonly Announce['event'][] = ['none', 'completed', 'started', 'stopped'];

export class UdpLabTracker implements Machine<never> {
  readonly #tracker: LabTracker;
  readonly #secret: number;

  constructor(tracker: LabTracker, secret: number) {
    this.#tracker = tracker;
    this.#secret = secret;
  }

  receive(bytes: Uint8Array, from: Endpoint, now: number, out: Out<never>): void {
    if (bytes.length < 16) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const action = view.getUint32(8);
    const transaction = view.getUint32(12);
    const connection = view.getBigUint64(0);
    if (action === 0) {
      if (connection === PROTOCOL) out.send(joined([0, transaction], bigBytes(this.#connection(from, now))), from);
      return;
    }
    const isOpen = connection === this.#connection(from, now) || connection === this.#connection(from, now - CONNECTION_MS);
    if (!isOpen) out.send(failure(transaction, 'unknown connection id'), from);
    else if (action === 1 && bytes.length >= ANNOUNCE_BYTES) out.send(this.#announce(bytes, view, from, now), from);
    else if (action === 2) out.send(this.#scrape(bytes, transaction, now), from);
    else out.send(failure(transaction, 'unknown action'), from);
  }

  tick(): void {}

  deadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  #announce(bytes: Uint8Array, view: DataView, from: Endpoint, now: number): Uint8Array {
    const transaction = view.getUint32(12);
    const infoHash = toHex(bytes.subarray(16, 36));
    if (this.#tracker.passkeyOf(infoHash) !== undefined) return failure(transaction, 'unknown passkey');
    const wanted = view.getInt32(92);
    const answer = this.#tracker.announce(
      {
        infoHash,
        endpoint: { address: from.address, port: view.getUint16(96) },
        left: Number(view.getBigUint64(64)),
        event: EVENTS[view.getUint32(80)] ?? 'none',
        wanted: wanted < 0 ? 50 : wanted,
      },
      now,
    );
    if (!answer) return failure(transaction, 'torrent not registered');
    const peers = answer.peers.filter((peer) => family(peer) === family(from)).flatMap((peer) => [...encodeCompact(peer)]);
    return joined([1, transaction, answer.intervalS, answer.incomplete, answer.complete], Uint8Array.from(peers));
  }

  #scrape(bytes: Uint8Array, transaction: number, now: number): Uint8Array {
    const words = [2, transaction];
    const count = Math.min(MAX_HASHES, Math.floor((bytes.length - 16) / 20));
    for (let i = 0; i < count; i++) {
      const counts = this.#tracker.scrape(toHex(bytes.subarray(16 + 20 * i, 36 + 20 * i)), now);
      words.push(counts?.complete ?? 0, counts?.downloaded ?? 0, counts?.incomplete ?? 0);
    }
    return joined(words);
  }

  /** Good for the rest of this minute and the next one. */
  #connection(from: Endpoint, now: number): bigint {
    const minute = Math.floor(now / CONNECTION_MS);
    return (BigInt(mix32(this.#secret, mixText(from.address), minute)) << 32n) | BigInt(mix32(minute, this.#secret));
  }
}

function failure(transaction: number, text: string): Uint8Array {
  return joined([3, transaction], new TextEncoder().encode(text));
}

/** 32-bit words, then bytes. */
function joined(words: readonly number[], rest: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(4 * words.length + rest.length);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word);
  bytes.set(rest, 4 * words.length);
  return bytes;
}

function bigBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
