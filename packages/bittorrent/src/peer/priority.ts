// Canonical peer priority (BEP 40): a number for each pair of peers that both compute alike, so that a swarm which prefers high ones stays well mixed.
import { parseAddress } from '../address.ts';
import { crc32c } from '../crc32c.ts';
import type { Endpoint } from '../machine.ts';

// priority = crc32c(lower address, higher address), each masked: whole as far as they agree and one byte beyond (IPv6: two),
//            at least 2 bytes (IPv6: 6), then every second bit (0x55). Equal addresses: crc32c(lower port, higher port)

const MASK = 0x55;

/** The priority of a connection between two endpoints of one family; higher is better. Undefined for two families, which never meet. */
export function peerPriority(a: Endpoint, b: Endpoint): number | undefined {
  const [first, second] = [parseAddress(a.address), parseAddress(b.address)];
  if (!first || !second || first.length !== second.length) return undefined;
  const differs = first.findIndex((byte, i) => byte !== second[i]);
  if (differs < 0) {
    const [low, high] = [Math.min(a.port, b.port), Math.max(a.port, b.port)];
    return crc32c(Uint8Array.of(low >> 8, low & 0xff, high >> 8, high & 0xff));
  }
  const whole = first.length === 4 ? Math.max(differs + 1, 2) : Math.max(differs + 2, 6);
  const isOrdered = first[differs]! < second[differs]!;
  const pair = new Uint8Array(2 * first.length);
  pair.set(masked(isOrdered ? first : second, whole));
  pair.set(masked(isOrdered ? second : first, whole), first.length);
  return crc32c(pair);
}

function masked(address: Uint8Array, whole: number): Uint8Array {
  return address.map((byte, i) => (i < whole ? byte : byte & MASK));
}
