// Names of hosts that an operator gave, as addresses.
import { lookup } from 'node:dns/promises';
import { canonicalAddress } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { HostPort } from './arguments.ts';

/** Every address of every host, duplicates left out, in order; hosts whose name cannot be resolved now give none. */
export async function resolveHosts(hosts: readonly HostPort[]): Promise<Endpoint[]> {
  const found = await Promise.all(hosts.map(resolveHost));
  const unique = new Map(found.flat().map((endpoint) => [`${endpoint.address} ${endpoint.port}`, endpoint]));
  return [...unique.values()];
}

async function resolveHost({ host, port }: HostPort): Promise<Endpoint[]> {
  const literal = canonicalAddress(host);
  if (literal !== undefined) return [{ address: literal, port }];
  try {
    const answers = await lookup(host, { all: true });
    return answers.flatMap(({ address }) => {
      const canonical = canonicalAddress(address);
      return canonical === undefined ? [] : [{ address: canonical, port }];
    });
  } catch {
    return [];
  }
}
