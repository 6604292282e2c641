// The prober's own DHT node, where no crawler in the same process has one: its id stays over restarts, its way in is asked for until somebody answers.
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { canonicalAddress } from '@swarmscope/bittorrent/address.ts';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { parseHostPort } from '@swarmscope/runtime/config.ts';
import { type Driven, drive } from '@swarmscope/runtime/drive.ts';
import { writeFileAtomic } from '@swarmscope/runtime/files.ts';
import type { OnInvariant } from '@swarmscope/runtime/invariant.ts';
import { randomBytes } from '@swarmscope/runtime/random.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import type { UtpTransport } from '@swarmscope/runtime/utp.ts';
import { besideUtp } from './utp.ts';

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const ID_BYTES = 20;
const RETRY_MS = 30_000;

export interface OwnDhtOptions {
  readonly address: string;
  readonly port: number;
  readonly policy: AddressPolicy;
  readonly clock: Clock;
  readonly random: Random;
  /** What is announced of it is not kept. */
  readonly takedown: Takedown;
  readonly idFile: string | undefined;
  readonly onInvariant: OnInvariant;
}

/** Opens the socket and starts the node, with uTP beside it; rejects with the system's error. */
export async function openOwnDht(options: OwnDhtOptions): Promise<{ dht: Driven<DhtNode, DhtFact>; utp: UtpTransport }> {
  const { address, port, policy, takedown, clock, random, idFile, onInvariant } = options;
  const socket = await openUdp({ address, port, receiveBufferBytes: RECEIVE_BUFFER_BYTES });
  const { utp, rest } = besideUtp(socket, { clock, random, onInvariant });
  const node = new DhtNode({
    family: address.includes(':') ? 6 : 4,
    id: keptId(idFile, random),
    random,
    admits: (endpoint) => policy.admits(endpoint),
    keeps: (infoHash) => !takedown.hasBytes(infoHash),
  });
  return { dht: drive(node, rest, clock, onInvariant), utp };
}

/** Names the way in until the routing table has somebody; names are resolved anew each time. Who opted out is no way in. */
export async function enter(
  dht: Driven<DhtNode, DhtFact>,
  hosts: readonly string[],
  policy: AddressPolicy,
  ending: AbortSignal,
): Promise<void> {
  while (!ending.aborted && dht.act((node) => node.table.size) === 0) {
    const endpoints = await Promise.all(hosts.map(resolve));
    const named = endpoints.flat().filter(({ address }) => !policy.isOptedOut(address));
    dht.act((node, now, out) => node.bootstrap(named, now, out));
    await new Promise<void>((done) => {
      const timer = setTimeout(done, RETRY_MS);
      ending.addEventListener('abort', () => done(), { once: true });
      timer.unref();
    });
  }
}

async function resolve(text: string) {
  const named = parseHostPort(text);
  if (!named) return [];
  const found = await lookup(named.host, { all: true }).catch(() => []);
  return found.flatMap(({ address }) => {
    const canonical = canonicalAddress(address);
    return canonical === undefined ? [] : [{ address: canonical, port: named.port }];
  });
}

function keptId(file: string | undefined, random: Random): Uint8Array {
  const kept = file === undefined ? undefined : readId(file);
  if (kept) return kept;
  const id = randomBytes(random, ID_BYTES);
  if (file !== undefined) writeFileAtomic(file, `${toHex(id)}\n`, 0o600);
  return id;
}

/** A file that cannot be read counts as absent: a new id is made. */
function readId(file: string): Uint8Array | undefined {
  try {
    const id = fromHex(readFileSync(file, 'utf8').trim());
    return id?.length === ID_BYTES ? id : undefined;
  } catch {
    return undefined;
  }
}
