// A bound UDP socket: datagrams in, datagrams out; trouble of sending is counted, never thrown.
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { withoutZone } from './address-numbers.ts';

export interface UdpOptions {
  /** An IP address of this machine; its family is the socket's. IPv6 sockets take IPv6 alone. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** SO_RCVBUF; the system may cap it. */
  readonly receiveBufferBytes?: number;
  /** Several processes share the port, the kernel deals the datagrams (Linux, BSD). */
  readonly reusePort?: boolean;
}

export interface UdpCounters {
  datagramsIn: number;
  bytesIn: number;
  datagramsOut: number;
  bytesOut: number;
  /** Datagrams that the system, or an impossible destination, refused. Of the system's, one among many that left well may be missed (WATCHED_SHARE). */
  sendErrors: number;
  receiveErrors: number;
}

export interface UdpSocket {
  readonly local: Endpoint;
  /** Copies `bytes` and sends at once. Never throws: what cannot be sent is counted. */
  send(bytes: Uint8Array, to: Endpoint): void;
  /** One handler; `bytes` are the handler's own. */
  onDatagram(handler: (bytes: Uint8Array, from: Endpoint) => void): void;
  readonly counters: Readonly<UdpCounters>;
  close(): Promise<void>;
}

/**
 * dgram tells of a refusal only to a callback, which costs a tenth of sending. The first datagrams have one and those after a refusal; when so many in
 * a row have left well, one in so many: trouble that lasts is counted, a single refusal may be missed.
 */
const WATCHED = 64;
const WATCHED_SHARE = 16;

/** Binds. Rejects with the system's error (EADDRINUSE, EADDRNOTAVAIL, EACCES). */
export async function openUdp(options: UdpOptions): Promise<UdpSocket> {
  const version = isIP(options.address);
  if (version === 0) throw new Error(`not an IP address: ${options.address}`);
  const socket = createSocket({
    type: version === 6 ? 'udp6' : 'udp4',
    ipv6Only: version === 6,
    reusePort: options.reusePort ?? false,
    ...(options.receiveBufferBytes === undefined ? {} : { recvBufferSize: options.receiveBufferBytes }),
    // Destinations are IP addresses: nothing to look up, and the datagram leaves within the call.
    lookup: (address, _options, found) => found(null, address, version),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(options.port, options.address, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return new BoundSocket(socket, version === 6);
}

class BoundSocket implements UdpSocket {
  readonly local: Endpoint;
  readonly counters: UdpCounters = {
    datagramsIn: 0,
    bytesIn: 0,
    datagramsOut: 0,
    bytesOut: 0,
    sendErrors: 0,
    receiveErrors: 0,
  };
  readonly #socket: Socket;
  readonly #isV6: boolean;
  readonly #sent: (error: Error | null) => void;
  #handler: (bytes: Uint8Array, from: Endpoint) => void = () => {};
  #closing: Promise<void> | undefined;
  /** Datagrams still to be sent with a callback; and those sent since the last that had one. */
  #watched = WATCHED;
  #unwatched = 0;

  constructor(socket: Socket, isV6: boolean) {
    this.#socket = socket;
    this.#isV6 = isV6;
    const { address, port } = socket.address();
    this.local = { address, port };
    this.#sent = (error) => {
      if (!error) return;
      this.counters.sendErrors += 1;
      this.#watched = WATCHED;
    };
    socket.on('error', () => {
      this.counters.receiveErrors += 1;
    });
    socket.on('message', (bytes, { address: from, port: fromPort }) => {
      this.counters.datagramsIn += 1;
      this.counters.bytesIn += bytes.length;
      // Never a Buffer: its `slice` is a view, and machines copy by `slice`.
      const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#handler(plain, { address: withoutZone(from), port: fromPort });
    });
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    const { port, address } = to;
    if (this.#closing || !(port > 0 && port <= 65_535) || address.includes(':') !== this.#isV6) {
      this.counters.sendErrors += 1;
      return;
    }
    this.counters.datagramsOut += 1;
    this.counters.bytesOut += bytes.length;
    // The copy: where the kernel's buffer is full, libuv keeps the bytes until later.
    this.#socket.send(Buffer.from(bytes), port, address, this.#isWatched() ? this.#sent : undefined);
  }

  #isWatched(): boolean {
    if (this.#watched > 0) this.#watched -= 1;
    else {
      this.#unwatched = (this.#unwatched + 1) % WATCHED_SHARE;
      if (this.#unwatched > 0) return false;
    }
    return true;
  }

  onDatagram(handler: (bytes: Uint8Array, from: Endpoint) => void): void {
    this.#handler = handler;
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#handler = () => {};
      this.#socket.close(resolve);
    });
    return this.#closing;
  }
}
