// Where a DHT is entered: the public nodes by default, asked again with growing patience while nobody answers.
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { PUBLIC_BOOTSTRAP } from '@swarmscope/runtime/settings.ts';
import { type HostPort, parseHostPort } from './arguments.ts';
import { bootstrapDht, type DrivenDht, knownNodes } from './dht-shell.ts';
import { resolveHosts } from './lookup.ts';
import { pause } from './pause.ts';

export const PUBLIC_NODES: readonly HostPort[] = PUBLIC_BOOTSTRAP.map((text) => parseHostPort(text)!);

const POLL_MS = 250;
/** After this long without an answer people are told. */
const PATIENCE_MS = 15_000;
const BACKOFF = { firstMs: 15_000, mostMs: 300_000 };

export interface Entry {
  readonly dht: readonly DrivenDht[];
  readonly policy: AddressPolicy;
  readonly hosts: readonly HostPort[];
  readonly ending: AbortSignal;
  /** Called once, when nobody answered for 15 s. */
  readonly onSilence: (reason: 'no_name' | 'no_answer') => void;
  readonly onJoined: (nodes: number) => void;
}

/** Asks until somebody is in the routing table, or the end is asked for. Names are resolved anew each time. */
export async function enterDht({ dht, policy, hosts, ending, onSilence, onJoined }: Entry): Promise<void> {
  let backoffMs = BACKOFF.firstMs;
  let told = false;
  while (!ending.aborted) {
    const endpoints: Endpoint[] = await resolveHosts(hosts);
    bootstrapDht(dht, endpoints, policy);
    const nodes = await firstNodes(dht, told ? backoffMs : PATIENCE_MS, ending);
    if (nodes > 0) return onJoined(nodes);
    if (ending.aborted) return;
    if (told) backoffMs = Math.min(2 * backoffMs, BACKOFF.mostMs);
    else onSilence(endpoints.length === 0 ? 'no_name' : 'no_answer');
    told = true;
  }
}

async function firstNodes(dht: readonly DrivenDht[], forMs: number, ending: AbortSignal): Promise<number> {
  for (let waited = 0; waited < forMs && !ending.aborted; waited += POLL_MS) {
    const nodes = knownNodes(dht);
    if (nodes > 0) return nodes;
    await pause(POLL_MS, ending);
  }
  return knownNodes(dht);
}
