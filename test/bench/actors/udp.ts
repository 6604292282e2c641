// DHT actors on UDP: bare sockets with packets made beforehand, our node, and the node of `bittorrent-dht`; each as asker and as answerer.
import { createSocket, type Socket } from 'node:dgram';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { drive } from '@swarmscope/runtime/drive.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import { Client } from 'bittorrent-dht';
import type { Actor } from '../actor.ts';
import { asking } from '../asking.ts';
import { answeringNode, freeNode, type Template } from '../packets.ts';

const HERE = '127.0.0.1';
const BUFFER_BYTES = 4 * 1024 * 1024;
const Q = 0x71;

async function bareSocket(): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: BUFFER_BYTES,
    lookup: (address, _options, found) => found(null, address, 4),
  });
  await new Promise<void>((resolve) => socket.bind(0, HERE, resolve));
  return socket;
}

const NAP_MS = 0.5;
/** As many as an event loop reads in one go. */
const FLOOD = 32;
const nobody = new Int32Array(new SharedArrayBuffer(4));

/**
 * For whoever is not measured: reads what has come, then sleeps a while without listening. Sending to a process that listens and has nothing to do costs
 * the sender its waking: measured, half of all the packets of whoever is slower than a bare socket, and one in fifty of those of a bare socket, which
 * keeps the other busy. So it is one in thirty for both.
 */
function napping(socket: Socket): void {
  let isDue = false;
  const nap = () => {
    isDue = false;
    Atomics.wait(nobody, 0, 0, NAP_MS);
  };
  socket.on('message', () => {
    if (!isDue) setImmediate(nap);
    isDue = true;
  });
}

interface Bare {
  /** The question. */
  readonly query: Template;
  /** It is the other side, not who is measured. */
  readonly naps?: boolean;
}

/** Answers each datagram with the same packet; only the transaction id is copied into it. */
export async function bareAnswerer({ reply, query, naps }: Bare & { reply: Template }): Promise<Actor> {
  const bytes = Buffer.from(reply.hex, 'hex');
  const socket = await bareSocket();
  let count = 0;
  socket.on('message', (asked, from) => {
    count += 1;
    asked.copy(bytes, reply.at, query.at, query.at + query.size);
    socket.send(Buffer.from(bytes), from.port, from.address);
  });
  if (naps) napping(socket);
  return { ready: socket.address().port, count: () => count };
}

interface AskerOptions {
  readonly port: number;
  readonly window: number;
}

/** Sends the same packet again and again, each under a transaction id of its own. */
export async function bareAsker({ port, window, query, naps }: AskerOptions & Bare): Promise<Actor> {
  const bytes = Buffer.from(query.hex, 'hex');
  const socket = await bareSocket();
  let transaction = 0;
  const questions = asking(window, () => {
    transaction = (transaction + 1) >>> 0;
    bytes.writeUInt32BE(transaction, query.at);
    socket.send(Buffer.from(bytes), port, HERE);
  });
  socket.on('message', (answer) => {
    // A node that is asked asks back whether we live: that is no answer.
    if (answer[answer.length - 2] !== Q) questions.answered();
  });
  if (naps) napping(socket);
  return { ready: 0, ...questions };
}

/** Sends the same packet as fast as it may without asking for anything: some, then a nap. */
export async function bareFlooder({ port, query }: { port: number; query: Template }): Promise<Actor> {
  const bytes = Buffer.from(query.hex, 'hex');
  const socket = await bareSocket();
  let [count, isOn] = [0, false];
  const flood = () => {
    for (let i = 0; i < FLOOD; i += 1) socket.send(Buffer.from(bytes), port, HERE);
    count += FLOOD;
    Atomics.wait(nobody, 0, 0, NAP_MS);
    if (isOn) setImmediate(flood);
  };
  const turn = (next: boolean) => {
    if (next && !isOn) setImmediate(flood);
    isOn = next;
  };
  return { ready: 0, count: () => count, turn };
}

/** Counts what it receives. */
export async function bareReceiver(): Promise<Actor> {
  const socket = await bareSocket();
  let count = 0;
  socket.on('message', () => {
    count += 1;
  });
  return { ready: socket.address().port, count: () => count };
}

/** Our node with the budget that it has in the field: of a flood it refuses all but ten queries a second. */
export async function nodeRefuser(): Promise<Actor> {
  const socket = await openUdp({ address: HERE, port: 0, receiveBufferBytes: BUFFER_BYTES });
  const node = freeNode(6, {});
  const driven = drive(node, socket, systemClock, raiseInvariant);
  return { ready: driven.local.port, count: () => node.counters.dropped };
}

/** Our node asks find_node and reads every contact of each answer. */
export async function nodeAsker({ port, window }: AskerOptions): Promise<Actor> {
  const random = seededRandom(2);
  const socket = await openUdp({ address: HERE, port: 0, receiveBufferBytes: BUFFER_BYTES });
  const driven = drive(freeNode(1), socket, systemClock, raiseInvariant);
  const to = { address: HERE, port };
  const questions = asking(window, () => {
    const target = randomBytes(random, 20);
    driven.act((node, now, out) => node.ask(to, { method: 'find_node', target }, now, out));
  });
  driven.listen((fact) => {
    if (fact.type !== 'answered' || fact.tag === 0) return;
    let valid = 0;
    for (let i = 0; i < fact.reply.nodesCount; i += 1) if (fact.reply.contact(i, 4).port > 0) valid += 1;
    if (valid > 0) questions.answered();
  });
  return { ready: 0, ...questions };
}

/** Our node answers, with nodes, peers and infohashes to tell. */
export async function nodeAnswerer(): Promise<Actor> {
  const socket = await openUdp({ address: HERE, port: 0, receiveBufferBytes: BUFFER_BYTES });
  const driven = drive(answeringNode(systemClock.now()), socket, systemClock, raiseInvariant);
  let count = 0;
  driven.listen((fact) => {
    if (fact.type === 'asked') count += 1;
  });
  return { ready: driven.local.port, count: () => count };
}

/** What we touch of the foreign node's inside: asked from outside it makes a whole lookup of each question. */
interface Inside {
  readonly _rpc: {
    readonly nodes: { add(node: object): void };
    readonly socket: {
      on(event: 'query', listener: () => void): void;
      query(to: { host: string; port: number }, query: object, done: (error: unknown, reply?: ForeignReply) => void): void;
    };
  };
}
interface ForeignReply {
  r?: { nodes?: Uint8Array };
}

async function foreignNode(): Promise<Client & Inside> {
  const client = new Client({ bootstrap: false });
  await new Promise<void>((resolve) => client.listen(0, HERE, resolve));
  return client as Client & Inside;
}

/** The socket of `bittorrent-dht` asks find_node; its own decoder reads the answer. */
export async function foreignAsker({ port, window }: AskerOptions): Promise<Actor> {
  const { socket } = (await foreignNode())._rpc;
  const random = seededRandom(4);
  const id = Buffer.from(randomBytes(random, 20));
  const questions = asking(window, () => {
    const target = Buffer.from(randomBytes(random, 20));
    socket.query({ host: HERE, port }, { q: 'find_node', a: { id, target } }, (error, reply) => {
      if (!error && reply?.r?.nodes?.length) questions.answered();
    });
  });
  return { ready: 0, ...questions };
}

/** `bittorrent-dht` answers from a table of `nodes` nodes. */
export async function foreignAnswerer({ nodes }: { nodes: number }): Promise<Actor> {
  const client = await foreignNode();
  const random = seededRandom(5);
  for (let i = 0; i < nodes; i += 1)
    client._rpc.nodes.add({ id: Buffer.from(randomBytes(random, 20)), host: `127.1.${i >> 8}.${i & 255}`, port: 6_881 });
  let count = 0;
  client._rpc.socket.on('query', () => {
    count += 1;
  });
  return { ready: client.address().port, count: () => count };
}
