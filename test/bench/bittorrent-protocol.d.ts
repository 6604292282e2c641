// Types of the `bittorrent-protocol` package as far as the benchmark speaks with it.
declare module 'bittorrent-protocol' {
  import type { Duplex } from 'node:stream';

  interface Wire extends Duplex {
    /** Extensions by their number. */
    extendedMapping: Record<number, string>;
    /** What else the extension handshake says. */
    extendedHandshake: Record<string, unknown>;
    handshake(infoHash: Uint8Array, peerId: Uint8Array, extensions?: object): void;
    haveNone(): void;
    on(event: 'handshake' | 'bitfield' | 'extended' | 'close', listener: () => void): this;
  }
  const Protocol: new () => Wire;

  export = Protocol;
}
