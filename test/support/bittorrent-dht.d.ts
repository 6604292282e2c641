// Types of the `bittorrent-dht` package as far as tests use it as a foreign node.
declare module 'bittorrent-dht' {
  export class Client {
    constructor(options?: { bootstrap?: string[] | false; host?: string });
    listen(port: number, address: string, ready: () => void): void;
    announce(infoHash: string, port: number, done: (error: Error | null) => void): void;
    lookup(infoHash: string): void;
    on(event: 'ready', listener: () => void): void;
    on(event: 'peer', listener: (peer: { host: string; port: number }) => void): void;
    address(): { address: string; port: number };
    destroy(done: () => void): void;
  }
}
