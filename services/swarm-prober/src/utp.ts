// uTP on a UDP socket of this process: the socket is shared with the DHT node, so that peers and nodes find us on one port.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { UtpConnection } from '@swarmscope/bittorrent/utp/connection.ts';
import { UtpMachine } from '@swarmscope/bittorrent/utp/machine.ts';
import { looksLikeUtp } from '@swarmscope/bittorrent/utp/packet.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { Deadlines } from '@swarmscope/runtime/deadlines.ts';
import { drive } from '@swarmscope/runtime/drive.ts';
import type { OnInvariant } from '@swarmscope/runtime/invariant.ts';
import type { UdpSocket } from '@swarmscope/runtime/udp.ts';
import { shareUdp } from '@swarmscope/runtime/udp-share.ts';
import { UtpTransport } from '@swarmscope/runtime/utp.ts';

/** Connections at one time, both directions, those that are not answered included. */
const MAX_CONNECTIONS = 2_000;
/** Three SYNs. Who does not answer those does not answer. */
const CONNECT_TIMEOUT_MS = 4_000;

export interface UtpParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly onInvariant: OnInvariant;
}

/** uTP on a socket that it has for itself. */
export function openUtp(socket: UdpSocket, { clock, random, onInvariant }: UtpParts): UtpTransport {
  return new UtpTransport((accept) => {
    const machine = new UtpMachine<unknown>({
      random,
      deadlines: new Deadlines<UtpConnection<unknown>>(),
      maxConnections: MAX_CONNECTIONS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      accept,
    });
    return drive(machine, socket, clock, onInvariant);
  });
}

/** uTP on a socket, and what is left of it for the DHT; the socket closes when both have closed theirs. */
export function besideUtp(socket: UdpSocket, parts: UtpParts): { readonly utp: UtpTransport; readonly rest: UdpSocket } {
  const { first, rest } = shareUdp(socket, looksLikeUtp);
  return { utp: openUtp(first, parts), rest };
}
