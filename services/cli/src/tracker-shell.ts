// The tracker client of this process: HTTP, and UDP from the address of the peers.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import { TrackerClient } from '@swarmscope/swarm-prober/trackers.ts';
import { openUdpFront } from '@swarmscope/swarm-prober/trackers-udp.ts';

export interface TrackerPlan {
  /** Local address; `0.0.0.0` stands for both families. */
  readonly address: string;
  readonly policy: AddressPolicy;
  readonly clock: Clock;
  readonly random: Random;
}

/** Opens it; at the end it tells the trackers that we leave. */
export async function openTrackers(shell: Shell, { address, policy, clock, random }: TrackerPlan): Promise<TrackerClient> {
  const { onInvariant } = shell;
  const open = (addresses: string[]) => openUdpFront({ addresses, clock, random, onInvariant });
  // A machine without IPv6 has trackers on IPv4 alone.
  const udp = address === '0.0.0.0' ? await open([address, '::']).catch(() => open([address])) : await open([address]);
  const client = new TrackerClient({ clock, policy, udp });
  shell.closing('trackers', () => client.stop());
  return client;
}
