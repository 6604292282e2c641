// What one node says of others: each contact is listed, or counted for or against who named it.
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { CrawlNode, Roster } from './nodes.ts';

/** Contacts of one node that wait for proof: beyond it only as many more as proved right, so that nobody fills the frontier alone. */
const PENDING_MAX = 64;
/** Contacts at the namer's own host in one answer that make a crowd. */
const CROWD = 4;

/** Reads the contacts of a reply of `namer`. `list` lists an endpoint that is not known. */
export function hear(
  namer: CrawlNode,
  reply: Fields,
  roster: Roster,
  dht: DhtNode,
  list: (id: Uint8Array, endpoint: Endpoint) => void,
): void {
  const count = dht.family === 4 ? reply.nodesCount : reply.nodes6Count;
  const home = dht.hostOf(namer);
  let atHome = 0;
  for (let i = 0; i < count; i++) {
    const { id, address, port } = reply.contact(i, dht.family);
    const endpoint = { address, port };
    if (equalBytes(id, dht.id)) continue;
    if (dht.hostOf(endpoint) === home) atHome++;
    const known = roster.at(endpoint);
    if (known) noteKnown(namer, known, id);
    else if (!dht.admits(endpoint)) namer.wrong++;
    else if (namer.pending < PENDING_MAX + namer.right) list(id, endpoint);
  }
  if (atHome >= CROWD) namer.crowds++;
}

function noteKnown(namer: CrawlNode, known: CrawlNode, id: Uint8Array): void {
  if (!known.met || known.mismatches > 0) return;
  if (equalBytes(known.id, id)) namer.right++;
  else namer.wrong++;
}
