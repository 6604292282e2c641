// What a crawler keeps over a restart: routing table and frontier of each family, as one JSON file that is whole or absent.
import { readFileSync, renameSync } from 'node:fs';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { type Family, formatEndpoint, parseEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { writeFileAtomic } from '@swarmscope/runtime/files.ts';
import type { Log } from '@swarmscope/runtime/log.ts';
import { errorCode } from '@swarmscope/runtime/outcome.ts';
import { z } from 'zod';

const VERSION = 1;
/** Of a frontier; the rest is found again. */
const NODES_MAX = 100_000;

const hexId = z.string().regex(/^[0-9a-f]{40}$/);
const endpoint = z.string().max(60);
const familyState = z.object({
  /** Whose table it is: our node id. */
  id: hexId,
  /** `[id, endpoint]` of the routing table. */
  table: z.array(z.tuple([hexId, endpoint])).max(2_000),
  sweep: z.object({ number: z.number().int().min(0), started_ms: z.number().min(0) }),
  /** `[id, endpoint, done, epoch ms from which its samples may be asked for again]`. */
  nodes: z.array(z.tuple([hexId, endpoint, z.boolean(), z.number()])).max(NODES_MAX),
});
const crawlerState = z.object({
  version: z.literal(VERSION),
  families: z.object({ v4: familyState.optional(), v6: familyState.optional() }),
});

export interface KeptNode {
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
  readonly done: boolean;
  /** Epoch milliseconds. */
  readonly lookAtMs: number;
}

export interface KeptFamily {
  readonly id: Uint8Array;
  readonly table: readonly { readonly id: Uint8Array; readonly endpoint: Endpoint }[];
  readonly sweep: { readonly number: number; readonly startedMs: number };
  readonly nodes: Iterable<KeptNode>;
}

export type KeptState = Partial<Record<Family, KeptFamily>>;

/** Reads the file; a corrupt one is set aside with a warning, and the crawl begins anew. */
export function readState(path: string, log: Log): KeptState {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      log.warn({ path, code: errorCode(error) }, 'The crawl state cannot be read; beginning anew.');
    return {};
  }
  try {
    const { families } = crawlerState.parse(JSON.parse(text));
    return { ...(families.v4 && { 4: kept(families.v4) }), ...(families.v6 && { 6: kept(families.v6) }) };
  } catch {
    const aside = `${path}.corrupt`;
    try {
      renameSync(path, aside);
    } catch {
      // It will be overwritten by the next state instead.
    }
    log.warn({ path, aside }, 'The crawl state is corrupt: it was set aside, and the crawl begins anew.');
    return {};
  }
}

function kept(state: z.output<typeof familyState>): KeptFamily {
  const contact = (id: string, text: string) => ({ id: fromHex(id)!, endpoint: parseEndpoint(text) });
  const hasEndpoint = <T extends { endpoint: Endpoint | undefined }>(node: T): node is T & { endpoint: Endpoint } =>
    node.endpoint !== undefined;
  return {
    id: fromHex(state.id)!,
    table: state.table.map(([id, text]) => contact(id, text)).filter(hasEndpoint),
    sweep: { number: state.sweep.number, startedMs: state.sweep.started_ms },
    nodes: state.nodes.map(([id, text, done, lookAtMs]) => ({ ...contact(id, text), done, lookAtMs })).filter(hasEndpoint),
  };
}

/** Writes the file atomically. Throws the system's error. */
export function writeState(path: string, state: KeptState): void {
  const families = [state[4] && `"v4":${writtenFamily(state[4])}`, state[6] && `"v6":${writtenFamily(state[6])}`];
  const text = families.filter((family) => family !== undefined).join(',');
  writeFileAtomic(path, `{"version":${VERSION},"families":{${text}}}\n`, 0o600);
}

/** As JSON text, a node at a time. */
function writtenFamily(family: KeptFamily): string {
  const rest = {
    id: toHex(family.id),
    table: family.table.map((node) => [toHex(node.id), formatEndpoint(node.endpoint)]),
    sweep: { number: family.sweep.number, started_ms: family.sweep.startedMs },
  };
  const nodes: string[] = [];
  for (const node of family.nodes) {
    if (nodes.length === NODES_MAX) break;
    nodes.push(JSON.stringify([toHex(node.id), formatEndpoint(node.endpoint), node.done, node.lookAtMs]));
  }
  return `${JSON.stringify(rest).slice(0, -1)},"nodes":[${nodes.join(',')}]}`;
}

/** The routing table of a node as it is kept. */
export function keptTable(node: DhtNode): KeptFamily['table'] {
  return [...node.table.nodes()].map(({ id, address, port }) => ({ id, endpoint: { address, port } }));
}
