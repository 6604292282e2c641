// Peer actors on TCP: seeders that answer, and diallers: bare sockets, our sessions, `bittorrent-protocol`.
import { connect, createServer, type Socket } from 'node:net';
import { decodePrefix } from '@swarmscope/bittorrent/bencode.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { Framer } from '@swarmscope/bittorrent/peer/framer.ts';
import { decodeMessage, encodeMessage } from '@swarmscope/bittorrent/peer/messages.ts';
import { decodeMetadataMessage, encodeMetadataMessage, serveMetadata } from '@swarmscope/bittorrent/peer/metadata.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import Wire from 'bittorrent-protocol';
import type { Actor } from '../actor.ts';
import { asking } from '../asking.ts';
import { greetingOf, HANDSHAKE_BYTES, infoOf, nameOf, newSession, ourGreeting, PEER_ID, SHOWN, swarmOf } from '../greetings.ts';

const HERE = '127.0.0.1';

interface DiallerOptions {
  readonly port: number;
  readonly window: number;
}

interface MetadataOptions {
  /** Of the info dictionary, about. */
  readonly bytes: number;
}

async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, HERE, 1_024, resolve));
  return (server.address() as { port: number }).port;
}

/** Answers a handshake with its whole greeting; counts the conversations in which the dialler has said all that our session says, and ended. */
export async function bareSeeder(): Promise<Actor> {
  const greeting = greetingOf();
  const { first, second } = ourGreeting();
  let count = 0;
  const port = await serve((socket) => {
    let received = 0;
    socket.on('data', (bytes) => {
      if (received < HANDSHAKE_BYTES && received + bytes.length >= HANDSHAKE_BYTES) socket.write(greeting);
      received += bytes.length;
    });
    socket.on('end', () => {
      if (received === first.length + second.length) count += 1;
    });
  });
  return { ready: port, count: () => count };
}

/** Answers also requests for its info dictionary. Only its answers count: it is not measured. */
export async function metadataSeeder({ bytes }: MetadataOptions): Promise<Actor> {
  const info = infoOf(bytes);
  const greeting = greetingOf({ ...SHOWN, infoHash: nameOf(info), metadataBytes: info.length });
  let count = 0;
  const answer = (frame: Uint8Array, socket: Socket): boolean => {
    const message = decodeMessage(frame);
    if (message instanceof Malformed || message.type !== 'extended' || message.id === 0) return true;
    const request = decodeMetadataMessage(message.payload);
    if (request instanceof Malformed || request.type !== 'request') throw new Error('no request for metadata');
    const payload = encodeMetadataMessage(serveMetadata(info, request.piece));
    return socket.write(encodeMessage({ type: 'extended', id: 2, payload })) || true;
  };
  const port = await serve((socket) => {
    const framer = new Framer();
    let missing = HANDSHAKE_BYTES;
    socket.on('data', (chunk) => {
      const head = Math.min(missing, chunk.length);
      if (head > 0 && head === missing) socket.write(greeting);
      missing -= head;
      framer.push(chunk.subarray(head), (frame) => answer(frame, socket));
    });
    socket.on('end', () => {
      count += 1;
    });
  });
  return { ready: port, count: () => count };
}

/** Says the bytes of our session, hears the seeder out, ends. */
export async function bareDialler({ port, window }: DiallerOptions): Promise<Actor> {
  const { first, second } = ourGreeting();
  const expected = greetingOf().length;
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

const transport = () =>
  new TcpTransport({ clock: systemClock, maxSessions: 10_000, connectTimeoutMs: 5_000, onInvariant: raiseInvariant });

/** Our transport and our sessions, until the seeder's pieces are known. */
export async function ourDialler({ port, window }: DiallerOptions): Promise<Actor> {
  const tcp = transport();
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

/** Our transport and our sessions, until the info dictionary is here and its hash is that of the swarm. */
export async function metadataDialler({ port, window, bytes }: DiallerOptions & MetadataOptions): Promise<Actor> {
  const tcp = transport();
  const remote = { address: HERE, port };
  const info = infoOf(bytes);
  const swarm = swarmOf(nameOf(info));
  const dials = asking(window, () => {
    let received = 0;
    const conversation = tcp.dial(remote, newSession(remote, swarm), (fact) => {
      if (fact.type === 'extended') conversation.act((own, now, out) => own.fetchMetadata(now, out));
      else if (fact.type === 'metadata') {
        received = fact.info.length;
        conversation.act((own, _now, out) => own.finish(out));
      } else if (fact.type === 'closed' && received === info.length) dials.answered();
    });
  });
  return { ready: 0, ...dials };
}

/** `bittorrent-protocol` as its manual has it, with the extension handshake of our session: what it says is as long as what we say. */
export async function foreignDialler({ port, window }: DiallerOptions): Promise<Actor> {
  const { m, ...told } = ourHandshake();
  const dials = asking(window, () => {
    let isHeard = false;
    const socket = connect({ port, host: HERE, noDelay: true });
    const wire = new Wire();
    socket.pipe(wire).pipe(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (isHeard) dials.answered();
    });
    for (const [name, id] of Object.entries(m)) wire.extendedMapping[id] = name;
    wire.extendedHandshake = told;
    wire.on('handshake', () => wire.haveNone());
    wire.on('bitfield', () => {
      isHeard = true;
      wire.end();
    });
    socket.on('connect', () => wire.handshake(SHOWN.infoHash, PEER_ID, { fast: true }));
  });
  return { ready: 0, ...dials };
}

/** The extension handshake of our session, as `bittorrent-protocol` wants it told. */
function ourHandshake(): Record<string, unknown> & { m: Record<string, number> } {
  const decoded = decodePrefix(ourGreeting().second.subarray(6));
  if (decoded instanceof Malformed) throw new Error('our extension handshake is malformed');
  const { m, ...told } = Object.fromEntries(decoded.value as Map<string, unknown>);
  return { ...told, m: Object.fromEntries(m as Map<string, number>) };
}
