// What one node says of others: each contact is listed, or counted for or against who named it.
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import { NODE_BYTES } from '@swarmscope/bittorrent/krpc/message.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { type CrawlNode, keyOfCompact, type Roster } from './nodes.ts';

/** Contacts of one node that wait for proof: beyond it only as many more as proved right, so that nobody fills the frontier alone. */
const PENDING_MAX = 64;
/** Contacts at the namer's own host in one answer that make a crowd. */
const CROWD = 4;

/** Reads the contacts of a reply of `namer`. `list` lists an endpoint that is not known. Those that are known, most of them, cost no text and no copy. */
export function hear(
  namer: CrawlNode,
  reply: Fields,
  roster: Roster,
  dht: DhtNode,
  list: (id: Uint8Array, endpoint: Endpoint) => void,
): void {
  const { family } = dht;
  const count = family === 4 ? reply.nodesCount : reply.nodes6Count;
  let atHome = 0;
  for (let i = 0; i < count; i++) {
    const at = reply.nodesAt + i * NODE_BYTES;
    const known = family === 4 ? roster.find(keyOfCompact(reply.bytes, at + 20)) : undefined;
    if (known) {
      if (known.address === namer.address && dht.hostOf(known) === dht.hostOf(namer)) atHome++;
      noteKnown(namer, known, reply.bytes, at);
    } else if (hearNew(namer, reply.contact(i, family), roster, dht, list)) atHome++;
  }
  if (atHome >= CROWD) namer.crowds++;
}

/** Whether the contact lives at the namer's own host. */
function hearNew(
  namer: CrawlNode,
  contact: Endpoint & { readonly id: Uint8Array },
  roster: Roster,
  dht: DhtNode,
  list: (id: Uint8Array, endpoint: Endpoint) => void,
): boolean {
  const { id, address, port } = contact;
  const endpoint = { address, port };
  if (equalBytes(dht.id, id)) return false;
  const known = roster.at(endpoint);
  if (known) noteKnown(namer, known, id, 0);
  else if (!dht.admits(endpoint)) namer.wrong++;
  else if (namer.pending < PENDING_MAX + namer.right) list(id, endpoint);
  return dht.hostOf(endpoint) === dht.hostOf(namer);
}

function noteKnown(namer: CrawlNode, known: CrawlNode, bytes: Uint8Array, at: number): void {
  if (!known.met || known.mismatches > 0) return;
  if (known.hasId(bytes, at)) namer.right++;
  else namer.wrong++;
}
