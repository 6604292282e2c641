// Our peer id (BEP 20): client and version for everybody; and a mark by which probers of one operator know each other, so that none counts the other.
import { fromHex } from '@swarmscope/bittorrent/hex.ts';
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import { randomBytes } from '@swarmscope/runtime/random.ts';

// peer-id = "-SW0100-" random:4 mark:8      ; mark: the pseudonym of the bytes before it, under the seed that all our services share

const PREFIX = new TextEncoder().encode('-SW0100-');
const HEAD_BYTES = 12;
const ID_BYTES = 20;
const NOWHERE = '0.0.0.0';

/** The part of the pseudonyms that is needed. A mark holds for one epoch of the key: a prober that runs longer is a stranger to the next. */
interface Marking {
  nodeKey(id: Uint8Array, address: string): string;
}

export function makePeerId(random: Random, marking: Marking): Uint8Array {
  const id = new Uint8Array(ID_BYTES);
  id.set(PREFIX);
  id.set(randomBytes(random, HEAD_BYTES - PREFIX.length), PREFIX.length);
  id.set(markOf(id, marking), HEAD_BYTES);
  return id;
}

/** Whether a peer id was made under our seed. */
export function isOwnPeerId(id: Uint8Array, marking: Marking): boolean {
  if (!PREFIX.every((byte, i) => id[i] === byte)) return false;
  return markOf(id, marking).every((byte, i) => id[HEAD_BYTES + i] === byte);
}

function markOf(id: Uint8Array, marking: Marking): Uint8Array {
  const head = new Uint8Array(ID_BYTES);
  head.set(id.subarray(0, HEAD_BYTES));
  return fromHex(marking.nodeKey(head, NOWHERE))!;
}
