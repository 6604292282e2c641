// Where the loopback world lives: addresses of 127.0.0.0/8 that parallel runs do not share, or the one address that some systems have.
import { createSocket } from 'node:dgram';
import { systemRandom } from '@swarmscope/runtime/random.ts';

/** `many`: an address each (Linux). `one`: 127.0.0.1 for all, told apart by port (macOS without aliases). */
export type AddressMode = 'many' | 'one';

/** Addresses by role. Nodes are spread over /24 networks, since crawlers rightly limit how many of one they admit. */
export interface AddressPlan {
  readonly mode: AddressMode;
  /** CIDR of all of them. */
  readonly network: string;
  node(index: number): string;
  peer(index: number): string;
  /** Trackers and other services of the world. */
  service(index: number): string;
  /** Never used by the world: for the program that is to look at it. */
  visitor(index: number): string;
}

const LOCALHOST = '127.0.0.1';

/** A /16 chosen by chance, so that worlds that run at the same time do not meet. */
export function manyAddresses(second = 1 + Math.floor(systemRandom()() * 254)): AddressPlan {
  const row = (first: number, rows: number, index: number) =>
    `127.${second}.${first + (index % rows)}.${1 + Math.floor(index / rows)}`;
  return {
    mode: 'many',
    network: `127.${second}.0.0/16`,
    node: (index) => row(1, 200, index),
    peer: (index) => row(201, 40, index),
    service: (index) => row(250, 1, index),
    visitor: (index) => row(251, 4, index),
  };
}

/** Everything on 127.0.0.1. */
export function oneAddress(): AddressPlan {
  const here = () => LOCALHOST;
  return { mode: 'one', network: `${LOCALHOST}/32`, node: here, peer: here, service: here, visitor: here };
}

/** What this system has: whether an address of 127.0.0.0/8 other than 127.0.0.1 can be bound. */
export function addressesHere(): Promise<AddressPlan> {
  const many = manyAddresses();
  const probe = createSocket('udp4');
  return new Promise((resolve) => {
    probe.once('error', () => resolve(oneAddress()));
    probe.bind(0, many.node(0), () => probe.close(() => resolve(many)));
  });
}
