// Peers of any number of torrents behind one listening socket: on Linux it takes whatever is dialled in 127.0.0.0/8, so every torrent has a host of its own.
import { createServer, type Server, type Socket } from 'node:net';
import { decode, encode } from '@swarmscope/bittorrent/bencode.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { NumberedTorrents } from './torrents.ts';

// in   handshake: 19 'BitTorrent protocol' reserved[8] infohash[20] id[20]; then messages: length[4] kind[1] payload
// out  handshake; extended 0 {m: {ut_metadata: 1}, metadata_size}; bitfield, all ones; for each ut_metadata request {msg_type: 0, piece} the data

const HANDSHAKE_BYTES = 68;
const INFO_HASH_AT = 28;
const EXTENDED = 20;
const BITFIELD = 5;
const UT_METADATA = 1;
const PIECE_BYTES = 16_384;
const PREFIX = Buffer.concat([Buffer.from([19]), Buffer.from('BitTorrent protocol'), Buffer.from([0, 0, 0, 0, 0, 0x10, 0, 4])]);
const MAX_BUFFERED = 65_536;

/** What is behind a dial: who serves, who serves wrong bytes, who takes the connection and says nothing. */
export type PeerManner = 'serves' | 'lies' | 'silent';

export class NumberedPeers {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>(); // bound: who dials; each ends after IDLE_MS
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Listens on all addresses of this machine. */
  static async open(torrents: NumberedTorrents, manner: PeerManner): Promise<NumberedPeers> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '0.0.0.0', 4_096, resolve));
    const peers = new NumberedPeers(server, (server.address() as { port: number }).port);
    server.on('connection', (socket) => peers.#greet(socket, torrents, manner));
    return peers;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #greet(socket: Socket, torrents: NumberedTorrents, manner: PeerManner): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    const peer = new NumberedPeer(torrents, manner === 'lies');
    if (manner === 'silent') socket.resume();
    else
      socket.on('data', (bytes) => {
        const answer = peer.take(bytes as Buffer);
        if (answer === undefined) socket.destroy();
        else if (answer.length > 0) socket.write(answer);
      });
  }
}

const IDLE_MS = 60_000;

/** One session, without its socket. */
class NumberedPeer {
  readonly #torrents: NumberedTorrents;
  readonly #lies: boolean;
  #buffered: Buffer = Buffer.alloc(0);
  #info: Uint8Array | undefined;
  /** The number under which the other side takes ut_metadata. */
  #theirs = 0;

  constructor(torrents: NumberedTorrents, lies: boolean) {
    this.#torrents = torrents;
    this.#lies = lies;
  }

  /** What to answer to these bytes; undefined ends the session. */
  take(bytes: Buffer): Buffer | undefined {
    this.#buffered = this.#buffered.length === 0 ? bytes : Buffer.concat([this.#buffered, bytes]);
    if (this.#buffered.length > MAX_BUFFERED) return undefined;
    const answers: Buffer[] = [];
    if (!this.#info) {
      if (this.#buffered.length < HANDSHAKE_BYTES) return Buffer.alloc(0);
      const greeting = this.#handshake();
      if (!greeting) return undefined;
      answers.push(...greeting);
    }
    for (let message = this.#next(); message; message = this.#next()) answers.push(...this.#answer(message));
    return Buffer.concat(answers);
  }

  #handshake(): Buffer[] | undefined {
    const infoHash = this.#buffered.subarray(INFO_HASH_AT, INFO_HASH_AT + 20);
    const number = this.#torrents.numberOf(toHex(infoHash));
    if (number === undefined || this.#buffered[0] !== 19) return undefined;
    this.#buffered = this.#buffered.subarray(HANDSHAKE_BYTES);
    const info = this.#torrents.info(number);
    this.#info = this.#lies ? info.map((byte, i) => (i === info.length - 2 ? byte ^ 1 : byte)) : info;
    const id = Buffer.from(`-LB0001-${String(number).padStart(12, '0')}`);
    const pieces = decode(info) as Map<string, Uint8Array>;
    const bits = Buffer.alloc(Math.ceil(pieces.get('pieces')!.length / 20 / 8), 0xff);
    const spare = (8 - ((pieces.get('pieces')!.length / 20) % 8)) % 8;
    bits[bits.length - 1] = (0xff << spare) & 0xff;
    const hello = encode({ m: { ut_metadata: UT_METADATA }, metadata_size: info.length });
    return [PREFIX, infoHash, id, framed(EXTENDED, Buffer.concat([Buffer.from([0]), hello])), framed(BITFIELD, bits)];
  }

  #next(): Buffer | undefined {
    for (;;) {
      if (this.#buffered.length < 4) return undefined;
      const length = this.#buffered.readUInt32BE(0);
      if (length > MAX_BUFFERED || this.#buffered.length < 4 + length) return undefined;
      const message = this.#buffered.subarray(4, 4 + length);
      this.#buffered = this.#buffered.subarray(4 + length);
      if (length > 0) return message;
    }
  }

  #answer(message: Buffer): Buffer[] {
    if (message[0] !== EXTENDED) return [];
    const said = decode(message.subarray(2));
    if (!(said instanceof Map)) return [];
    if (message[1] === 0) {
      const m = said.get('m');
      this.#theirs = m instanceof Map ? Number(m.get('ut_metadata') ?? 0) : 0;
      return [];
    }
    const piece = Number(said.get('piece'));
    if (message[1] !== UT_METADATA || said.get('msg_type') !== 0 || !(piece >= 0)) return [];
    const info = this.#info!;
    const head = encode({ msg_type: 1, piece, total_size: info.length });
    const data = info.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
    return [framed(EXTENDED, Buffer.concat([Buffer.from([this.#theirs]), head, data]))];
  }
}

function framed(kind: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length, 0);
  head[4] = kind;
  return Buffer.concat([head, payload]);
}
