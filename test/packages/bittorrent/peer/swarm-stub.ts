// Two sessions joined by memory, and a small torrent for them: what the session tests stand on.
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import type { Outcome, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { DEFAULT_TIMES, type PeerFact, type SessionTimes } from '@swarmscope/bittorrent/peer/facts.ts';
import { encodeFeatures, encodeHandshake } from '@swarmscope/bittorrent/peer/handshake.ts';
import { encodeMessage, type Message } from '@swarmscope/bittorrent/peer/messages.ts';
import { PeerSession, type SessionOptions } from '@swarmscope/bittorrent/peer/session.ts';
import type { Swarm } from '@swarmscope/bittorrent/peer/swarm.ts';

const PIECE_BYTES = 40_000;
export const PIECES = 5;
/** The last piece is short. */
export const pieceData = (index: number) =>
  Uint8Array.from({ length: index === PIECES - 1 ? 7 : PIECE_BYTES }, (_, i) => (i * 7 + index) % 253);
export const INFO = new TextEncoder().encode('d6:lengthi160007e4:name1:ae');
export const INFO_HASH = sha1(INFO);

/** A swarm that knows its metadata or not, and holds these pieces. */
export function makeSwarm(options: { known?: boolean; holds?: readonly number[]; pex?: boolean; uploads?: number } = {}) {
  const held = new Map((options.holds ?? []).map((index) => [index, pieceData(index)]));
  const budget = { left: options.uploads ?? Number.POSITIVE_INFINITY };
  const swarm = {
    infoHash: INFO_HASH,
    isNamed: (infoHash: Uint8Array) => equalBytes(infoHash, INFO_HASH),
    info: options.known === false ? undefined : INFO,
    layout: undefined as Swarm['layout'],
    pieces: {
      get size() {
        return held.size;
      },
      has: (index: number) => held.has(index),
      read: (index: number) => held.get(index),
      indices: () => held.keys(),
    },
    upload: {
      take(bytes: number) {
        if (budget.left < bytes) return false;
        budget.left -= bytes;
        return true;
      },
    },
    allowsPex: options.pex ?? true,
    held,
    budget,
    know() {
      swarm.info = INFO;
      swarm.layout = {
        pieces: PIECES,
        pieceBytes: (index: number) => pieceData(index).length,
        verify: (index: number, bytes: Uint8Array) => equalBytes(bytes, pieceData(index)),
      };
    },
  };
  if (options.known !== false) swarm.know();
  return swarm;
}

/** One end: a session, the facts it gave, and the bytes it wrote that nobody has taken yet. */
export class End {
  readonly facts: PeerFact[] = []; // bound: one test
  written: Uint8Array[] = []; // bound: one test
  over: 'end' | 'abort' | undefined;
  full = false;
  readonly out: SessionOut<PeerFact> = {
    write: (bytes) => {
      this.written.push(bytes.slice());
      return !this.full;
    },
    pause() {},
    resume() {},
    end: () => {
      this.over ??= 'end';
    },
    abort: () => {
      this.over ??= 'abort';
    },
    emit: (fact) => this.facts.push(fact),
  };
  readonly session: PeerSession;

  constructor(options: Partial<SessionOptions> & Pick<SessionOptions, 'swarm'>, times: Partial<SessionTimes> = {}) {
    this.session = new PeerSession({
      peerId: new Uint8Array(20).fill(1),
      remote: { address: '192.0.2.7', port: 7 },
      self: { client: 'Test 1', listenPort: 6881 },
      times: { ...DEFAULT_TIMES, ...times },
      ...options,
    });
  }

  /** Takes what was written, as one string of bytes. */
  take(): Uint8Array {
    const bytes = Uint8Array.from(this.written.flatMap((part) => [...part]));
    this.written = []; // bound: one test
    return bytes;
  }

  /** The facts of one type. */
  of<T extends PeerFact['type']>(type: T): Extract<PeerFact, { type: T }>[] {
    return this.facts.filter((fact): fact is Extract<PeerFact, { type: T }> => fact.type === type);
  }

  hear(now: number, ...parts: (Message | Uint8Array)[]): void {
    for (const part of parts) this.session.receive(part instanceof Uint8Array ? part : encodeMessage(part), now, this.out);
  }

  close(outcome: Outcome = 'closed_early', now = 0): Extract<PeerFact, { type: 'closed' }> {
    this.session.closed(outcome, now, this.out);
    return this.of('closed')[0]!;
  }
}

/** What a remote with these features says first. */
export function remoteHandshake(
  features = { extended: true, fast: true },
  peerId = new Uint8Array(20).fill(2),
  infoHash = INFO_HASH,
): Uint8Array {
  return encodeHandshake({ reserved: encodeFeatures(features), infoHash, peerId });
}

/** An end that has dialled and shaken hands at time 0. */
export function talking(
  swarm: Swarm = makeSwarm(),
  times: Partial<SessionTimes> = {},
  features?: { extended: boolean; fast: boolean },
): End {
  const end = new End({ swarm }, times);
  end.session.opened(0, end.out);
  end.hear(0, remoteHandshake(features));
  end.take();
  return end;
}

/** Carries bytes between two ends until both are silent; `chunk` bytes at a time. */
export function converse(a: End, b: End, now: number, chunk = Number.POSITIVE_INFINITY): void {
  for (let round = 0; round < 1000 && (a.written.length > 0 || b.written.length > 0); round++) {
    const [fromA, fromB] = [a.take(), b.take()];
    for (let at = 0; at < fromA.length; at += chunk) b.hear(now, fromA.subarray(at, at + chunk));
    for (let at = 0; at < fromB.length; at += chunk) a.hear(now, fromB.subarray(at, at + chunk));
  }
}
