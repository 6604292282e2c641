// The DHT nodes of this process: one per address family, on one port, with an id that stays over restarts.

import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { PaceLimits } from '@swarmscope/bittorrent/dht/pace.ts';
import { deriveId, fitsAddress } from '@swarmscope/bittorrent/dht/secure-id.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, Random } from '@swarmscope/bittorrent/machine.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { type Driven, drive } from '@swarmscope/runtime/drive.ts';
import type { OnInvariant } from '@swarmscope/runtime/invariant.ts';
import { errorCode } from '@swarmscope/runtime/outcome.ts';
import { randomBytes } from '@swarmscope/runtime/random.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import type { UtpTransport } from '@swarmscope/runtime/utp.ts';
import { besideUtp } from '@swarmscope/swarm-prober/utp.ts';
import { explainError, Failure } from './failure.ts';
import type { Identity } from './identity.ts';

/** A node, and uTP on the same socket: peers find us where nodes do. */
export interface DrivenDht extends Driven<DhtNode, DhtFact> {
  readonly utp: UtpTransport;
}

export interface DhtPlan {
  /** `0.0.0.0` opens IPv6 beside it, where the machine has it. */
  readonly address: string;
  readonly port: number;
  readonly policy: AddressPolicy;
  /** What is announced of it is not kept. */
  readonly takedown: Takedown;
  readonly labNetworks: readonly string[];
  readonly pace?: Partial<PaceLimits>;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly onInvariant: OnInvariant;
}

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const ID_BYTES = 20;
const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);

/** Opens the sockets and starts the nodes; a port that is taken is one sentence. */
export async function openDht(plan: DhtPlan): Promise<DrivenDht[]> {
  const first = await openNode(plan, plan.address);
  if (plan.address !== '0.0.0.0' || plan.labNetworks.length > 0) return [first];
  try {
    const second = await openNode({ ...plan, port: first.local.port }, '::');
    first.act((node) => second.act((other) => join(node, other)));
    return [first, second];
  } catch (error) {
    if (error instanceof Failure && error.cause && NO_IPV6.has(errorCode(error.cause))) return [first];
    await first.stop();
    throw error;
  }
}

function join(node: DhtNode, other: DhtNode): void {
  node.joinFamily(other);
  other.joinFamily(node);
}

async function openNode(plan: DhtPlan, address: string): Promise<DrivenDht> {
  const family = address.includes(':') ? 6 : 4;
  const socket = await openUdp({ address, port: plan.port, receiveBufferBytes: RECEIVE_BUFFER_BYTES }).catch((cause: unknown) => {
    throw new Failure(`cannot open UDP port ${plan.port} of ${address}: ${explainError(cause)}`, undefined, cause);
  });
  const { clock, random, onInvariant } = plan;
  const { utp, rest } = besideUtp(socket, { clock, random, onInvariant });
  const node = new DhtNode({
    family,
    id: plan.identity.nodeId(family) ?? plan.identity.keep(family, randomBytes(plan.random, ID_BYTES)),
    random: plan.random,
    admits: (endpoint) => plan.policy.admits(endpoint),
    keeps: (infoHash) => !plan.takedown.hasBytes(infoHash),
    ...(plan.pace && { pace: plan.pace }),
    ...(onOneAddress(plan.labNetworks) ? { hostOf: endpointKey, caps: { perHost: 1, perPrefix: Number.POSITIVE_INFINITY } } : {}),
  });
  const driven = drive(node, rest, clock, onInvariant);
  driven.listen((fact) => {
    // BEP 42: an id that fits our address is taken at the next start; changing it now would make us a stranger to everybody.
    if (fact.type === 'external_address' && !fitsAddress(node.id, fact.endpoint.address))
      plan.identity.keep(family, deriveId(fact.endpoint.address, plan.random));
  });
  return { ...driven, utp, stop: () => Promise.all([driven.stop(), utp.close()]).then(() => {}) };
}

/** A laboratory that has one address only (macOS): its hosts are told apart by their ports. */
function onOneAddress(labNetworks: readonly string[]): boolean {
  return labNetworks.length > 0 && labNetworks.every((network) => /\/(32|128)$/.test(network));
}

/** Tells every node whom to ask first. Who opted out is not asked though the operator names him. */
export function bootstrapDht(nodes: readonly DrivenDht[], endpoints: readonly Endpoint[], policy: AddressPolicy): void {
  const named = endpoints.filter(({ address }) => !policy.isOptedOut(address));
  for (const driven of nodes) driven.act((node, now, out) => node.bootstrap(named, now, out));
}

/** Nodes in the routing tables: 0 while nobody has answered. */
export function knownNodes(nodes: readonly DrivenDht[]): number {
  return nodes.reduce((sum, driven) => sum + driven.act((node) => node.table.size), 0);
}
