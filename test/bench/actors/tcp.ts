// Peer actors on TCP: a bare seeder that answers with bytes made beforehand, and diallers: bare sockets, our sessions, `bittorrent-protocol`.
import { connect, createServer } from 'node:net';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import Wire from 'bittorrent-protocol';
import type { Actor } from '../actor.ts';
import { asking } from '../asking.ts';
import { BITS, HANDSHAKE_BYTES, INFO_HASH, newSession, ourGreeting, PEER_ID, seederGreeting } from '../greetings.ts';

const HERE = '127.0.0.1';

interface DiallerOptions {
  readonly port: number;
  readonly window: number;
}

/** Answers a handshake with its whole greeting; ends when the dialler does. */
export async function bareSeeder(): Promise<Actor> {
  const greeting = seederGreeting();
  let count = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    let received = 0;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (received < HANDSHAKE_BYTES && received + bytes.length >= HANDSHAKE_BYTES) {
        count += 1;
        socket.write(greeting);
      }
      received += bytes.length;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, HERE, 1_024, resolve));
  return { ready: (server.address() as { port: number }).port, count: () => count };
}

/** Says the bytes of our session, hears the seeder out, ends. */
export async function bareDialler({ port, window }: DiallerOptions): Promise<Actor> {
  const { first, second } = ourGreeting();
  const expected = seederGreeting().length;
  const dials = asking(window, () => {
    let received = 0;
    const socket = connect({ port, host: HERE, noDelay: true }, () => socket.write(first));
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (received === 0) socket.write(second);
      received += bytes.length;
      if (received === expected) socket.end();
    });
    socket.on('close', () => {
      if (received === expected) dials.answered();
    });
  });
  return { ready: 0, ...dials };
}

/** Our transport and our sessions, until the seeder's pieces are known. */
export async function ourDialler({ port, window }: DiallerOptions): Promise<Actor> {
  const tcp = new TcpTransport({
    clock: systemClock,
    maxSessions: 10_000,
    connectTimeoutMs: 5_000,
    onInvariant: raiseInvariant,
  });
  const remote = { address: HERE, port };
  const dials = asking(window, () => {
    const session = newSession(remote);
    const conversation = tcp.dial(remote, session, (fact) => {
      if (fact.type === 'pieces') conversation.act((own, _now, out) => own.finish(out));
      else if (fact.type === 'closed' && fact.outcome === 'handshaken' && session.pieces.claimsAll) dials.answered();
    });
  });
  return { ready: 0, ...dials };
}

export async function foreignDialler({ port, window }: DiallerOptions): Promise<Actor> {
  const dials = asking(window, () => {
    let isHeard = false;
    const socket = connect({ port, host: HERE, noDelay: true });
    const wire = new Wire();
    socket.pipe(wire).pipe(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (isHeard) dials.answered();
    });
    wire.on('handshake', () => wire.bitfield(BITS));
    wire.on('bitfield', () => {
      isHeard = true;
      wire.destroy();
      socket.end();
    });
    socket.on('connect', () => wire.handshake(INFO_HASH, PEER_ID, { fast: true }));
  });
  return { ready: 0, ...dials };
}
