// Peer sessions inside encryption, joined by memory: they talk as without it; a plain peer is let in by the same door; a refused exchange is told to the session within.
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import type { Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { swarmHash } from '@swarmscope/bittorrent/mse/keys.ts';
import { DiallingMseSession, type EncryptionFact, InboundMseSession } from '@swarmscope/bittorrent/mse/session.ts';
import { DEFAULT_TIMES, type PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';
import { INFO, INFO_HASH, makeSwarm, remoteHandshake } from '../peer/swarm-stub.ts';

type Fact = PeerFact | EncryptionFact;

class Side {
  readonly facts: Fact[] = []; // bound: one test
  written: Uint8Array[] = []; // bound: one test
  aborted = false;
  readonly session: Session<Fact>;
  readonly out: SessionOut<Fact> = {
    write: (bytes) => {
      this.written.push(bytes.slice());
      return true;
    },
    pause() {},
    resume() {},
    end() {},
    abort: () => {
      this.aborted = true;
    },
    emit: (fact) => this.facts.push(fact),
  };

  constructor(session: Session<Fact>) {
    this.session = session;
    session.opened(0, this.out);
  }

  take(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.written.splice(0)));
  }

  types(): string[] {
    return this.facts.map((fact) => fact.type).filter((type) => type !== 'opened');
  }
}

function peer(id: number, known: boolean): PeerSession {
  const swarm = makeSwarm({ known, holds: known ? [0, 1] : [] });
  return new PeerSession({
    peerId: new Uint8Array(20).fill(id),
    swarm,
    remote: { address: '192.0.2.7', port: 7 },
    self: { client: 'Test', listenPort: 6881 },
    times: DEFAULT_TIMES,
  });
}

const inbound = (inner: PeerSession, knows = true, prefers: 'plain' | 'rc4' = 'rc4') =>
  new InboundMseSession<PeerFact>(inner, {
    random: seededRandom(2),
    infoHashOf: (hash) => (knows && equalBytes(hash, swarmHash(INFO_HASH)) ? INFO_HASH : undefined),
    prefers,
  });

function carry(a: Side, b: Side, chunk: number): void {
  for (let round = 0; round < 100 && a.written.length + b.written.length > 0; round++) {
    const [fromA, fromB] = [a.take(), b.take()];
    for (let at = 0; at < fromA.length; at += chunk) b.session.receive(fromA.subarray(at, at + chunk), 0, b.out);
    for (let at = 0; at < fromB.length; at += chunk) a.session.receive(fromB.subarray(at, at + chunk), 0, a.out);
  }
}

describe('two peers inside encryption', () => {
  test.each([
    ['rc4', 'rc4', 1],
    ['both', 'plain', 13],
    ['both', 'rc4', 4096],
  ] as const)('offers %s, prefers %s, %i bytes at a time: metadata goes over', (offers, prefers, chunk) => {
    const within = peer(1, false);
    const dialling = new DiallingMseSession<PeerFact>(within, { infoHash: INFO_HASH, random: seededRandom(1), offers });
    const a = new Side(dialling);
    const b = new Side(inbound(peer(2, true), true, prefers));
    carry(a, b, chunk);
    expect(a.types().slice(0, 2)).toEqual(['encrypted', 'handshaken']);
    expect(b.types().slice(0, 2)).toEqual(['encrypted', 'handshaken']);
    expect(dialling.act((out) => within.fetchMetadata(0, out), a.out)).toBe(true);
    carry(a, b, chunk);
    const metadata = a.facts.find((fact) => fact.type === 'metadata');
    expect(metadata).toMatchObject({ info: INFO });
  });

  test('a plain handshake comes in by the same door, however it is cut', () => {
    for (const chunk of [1, 19, 68]) {
      const b = new Side(inbound(peer(3, true)));
      const bytes = remoteHandshake();
      for (let at = 0; at < bytes.length; at += chunk) b.session.receive(bytes.subarray(at, at + chunk), 0, b.out);
      expect(b.types()[0]).toBe('handshaken');
      expect(b.types()).not.toContain('encrypted');
      expect(new TextDecoder().decode(b.take().subarray(1, 20))).toBe('BitTorrent protocol');
    }
  });

  test('an exchange that fails is the fault of the protocol, and the session within hears it', () => {
    const a = new Side(
      new DiallingMseSession<PeerFact>(peer(1, false), { infoHash: INFO_HASH, random: seededRandom(1), offers: 'rc4' }),
    );
    const b = new Side(inbound(peer(2, true), false));
    carry(a, b, 4096);
    expect(b.aborted).toBe(true);
    b.session.closed('closed_early' satisfies Outcome, 0, b.out);
    expect(b.facts.at(-1)).toMatchObject({ type: 'closed', outcome: 'protocol_error' });
    a.session.closed('reset', 0, a.out);
    expect(a.facts.at(-1)).toMatchObject({ type: 'closed', outcome: 'reset' });
  });

  test('the deadline of the greeting holds for the exchange too', () => {
    const a = new Side(
      new DiallingMseSession<PeerFact>(peer(1, false), { infoHash: INFO_HASH, random: seededRandom(1), offers: 'rc4' }),
    );
    expect(a.session.deadline()).toBe(DEFAULT_TIMES.handshakeMs);
    a.session.tick(DEFAULT_TIMES.handshakeMs, a.out);
    expect(a.aborted).toBe(true);
  });
});
