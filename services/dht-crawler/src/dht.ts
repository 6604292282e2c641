// The DHT nodes of a crawler process: one per address family on one port, with the ids that were kept.
import { lookup } from 'node:dns/promises';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { PaceLimits } from '@swarmscope/bittorrent/dht/pace.ts';
import { canonicalAddress } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, Random } from '@swarmscope/bittorrent/machine.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { type HostPort, parseHostPort } from '@swarmscope/runtime/config.ts';
import { type Driven, drive } from '@swarmscope/runtime/drive.ts';
import type { OnInvariant } from '@swarmscope/runtime/invariant.ts';
import { errorCode } from '@swarmscope/runtime/outcome.ts';
import { randomBytes } from '@swarmscope/runtime/random.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import type { KeptState } from './state.ts';

export interface DhtPlan {
  readonly listen: HostPort;
  readonly policy: AddressPolicy;
  /** What is announced of it is not kept. */
  readonly takedown: Takedown;
  readonly kept: KeptState;
  readonly pace: Partial<PaceLimits>;
  readonly clock: Clock;
  readonly random: Random;
  readonly onInvariant: OnInvariant;
}

/** A burst of answers to a thousand questions must wait somewhere while we think. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);

/** Opens the sockets and starts the nodes; on `0.0.0.0` a second one on `::`, where the machine has IPv6. Rejects with the system's error. */
export async function openDht(plan: DhtPlan): Promise<Driven<DhtNode, DhtFact>[]> {
  const first = await openNode(plan, plan.listen.host, plan.listen.port);
  if (plan.listen.host !== '0.0.0.0') return [first];
  try {
    const second = await openNode(plan, '::', first.local.port);
    first.act((node) => second.act((other) => [node.joinFamily(other), other.joinFamily(node)]));
    return [first, second];
  } catch (error) {
    if (NO_IPV6.has(errorCode(error))) return [first];
    await first.stop();
    throw error;
  }
}

async function openNode(plan: DhtPlan, address: string, port: number): Promise<Driven<DhtNode, DhtFact>> {
  const { policy, kept, pace, takedown, clock, random, onInvariant } = plan;
  const family = address.includes(':') ? 6 : 4;
  const socket = await openUdp({ address, port, receiveBufferBytes: RECEIVE_BUFFER_BYTES });
  const id = kept[family]?.id ?? randomBytes(random, 20);
  const admits = (endpoint: Endpoint) => policy.admits(endpoint);
  const keeps = (infoHash: Uint8Array) => !takedown.hasBytes(infoHash);
  const node = new DhtNode({ family, id, random, pace, admits, keeps });
  return drive(node, socket, clock, onInvariant);
}

/** Every address of every host named; hosts whose name cannot be resolved now give none. */
export async function resolveBootstrap(hosts: readonly string[]): Promise<Endpoint[]> {
  const found = await Promise.all(hosts.map(resolveHost));
  return found.flat();
}

async function resolveHost(text: string): Promise<Endpoint[]> {
  const { host, port } = parseHostPort(text)!;
  const literal = canonicalAddress(host);
  if (literal !== undefined) return [{ address: literal, port }];
  try {
    const answers = await lookup(host, { all: true });
    return answers.map(({ address }) => ({ address: canonicalAddress(address) ?? address, port }));
  } catch {
    return [];
  }
}
