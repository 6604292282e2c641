// Types of the `bittorrent-protocol` package as far as the benchmark speaks with it.
declare module 'bittorrent-protocol' {
  import type { Duplex } from 'node:stream';

  interface Wire extends Duplex {
    handshake(infoHash: Uint8Array, peerId: Uint8Array, extensions?: object): void;
    bitfield(bits: Uint8Array): void;
    on(event: 'handshake' | 'bitfield' | 'extended' | 'close', listener: () => void): this;
    destroy(): this;
  }
  const Protocol: new () => Wire;

  export = Protocol;
}
