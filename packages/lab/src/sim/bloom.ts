// The Bloom filters of BEP 33: 2 048 bits, two of them set per address.
import { parseAddress } from '@swarmscope/bittorrent/address.ts';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';

const FILTER_BYTES = 256;

/** The 256 bytes of a filter that holds these addresses. */
export function bloomOf(addresses: Iterable<string>): Uint8Array {
  const filter = new Uint8Array(FILTER_BYTES);
  for (const address of addresses) {
    const bytes = parseAddress(address);
    if (!bytes) continue;
    const hash = sha1(bytes);
    for (const bit of [hash[0]! | (hash[1]! << 8), hash[2]! | (hash[3]! << 8)]) {
      const index = bit % (8 * FILTER_BYTES);
      filter[index >> 3]! |= 1 << (index & 7);
    }
  }
  return filter;
}
