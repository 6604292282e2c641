// One UDP socket for two protocols (DHT and uTP live on one port): each gets the datagrams that are its own, both send through the same socket.
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { UdpSocket } from './udp.ts';

type Handler = (bytes: Uint8Array, from: Endpoint) => void;

/** `takes` decides which datagrams go to `first`; all others go to `rest`. The socket closes when both have been closed. */
export function shareUdp(socket: UdpSocket, takes: (bytes: Uint8Array) => boolean): { first: UdpSocket; rest: UdpSocket } {
  const handlers: { first: Handler; rest: Handler } = { first: () => {}, rest: () => {} };
  const open = new Set(['first', 'rest']);
  socket.onDatagram((bytes, from) => handlers[takes(bytes) ? 'first' : 'rest'](bytes, from));
  const half = (name: 'first' | 'rest'): UdpSocket => ({
    local: socket.local,
    counters: socket.counters,
    send(bytes, to) {
      if (open.has(name)) socket.send(bytes, to);
    },
    onDatagram(handler) {
      handlers[name] = handler;
    },
    async close() {
      handlers[name] = () => {};
      open.delete(name);
      if (open.size === 0) await socket.close();
    },
  });
  return { first: half('first'), rest: half('rest') };
}
