// Node ids bound to the address (BEP 42): derive our own, check others'.
import { parseAddress } from '../address.ts';
import { crc32c } from '../crc32c.ts';
import type { Random } from '../machine.ts';
import { randomId } from './distance.ts';

// id = crc32c((address & mask) | r << 29): the first 21 bits; r (3 bits) = the low bits of the last byte of the id
// mask = 03 0f 3f ff over an IPv4 address, 01 03 07 0f 1f 3f 7f ff over the high half of an IPv6 address

const MASK_V4 = [0x03, 0x0f, 0x3f, 0xff];
const MASK_V6 = [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff];

/** The hash whose first 21 bits an id must have for the salt `r` in its last byte; undefined when the text is no address. */
function prefixOf(address: string, r: number): number | undefined {
  const bytes = parseAddress(address);
  if (!bytes) return undefined;
  const mask = bytes.length === 4 ? MASK_V4 : MASK_V6;
  const masked = Uint8Array.from(mask, (bits, i) => bytes[i]! & bits);
  masked[0] = masked[0]! | ((r & 7) << 5);
  return crc32c(masked);
}

/** Whether an id fits the address it speaks from. Addresses of a local network are exempt by BEP 42: the caller decides about them. */
export function fitsAddress(id: Uint8Array, address: string): boolean {
  const crc = prefixOf(address, id[19]!);
  if (crc === undefined) return false;
  return id[0] === crc >>> 24 && id[1] === ((crc >>> 16) & 0xff) && (id[2]! & 0xf8) === ((crc >>> 8) & 0xf8);
}

/** A fresh id that fits an address; a wholly random one when the text is no address. */
export function deriveId(address: string, random: Random): Uint8Array {
  const id = randomId(random);
  const crc = prefixOf(address, id[19]!);
  if (crc === undefined) return id;
  id[0] = crc >>> 24;
  id[1] = (crc >>> 16) & 0xff;
  id[2] = ((crc >>> 8) & 0xf8) | (id[2]! & 7);
  return id;
}
