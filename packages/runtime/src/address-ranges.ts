// A set of IP networks, asked by number: sorted ranges that do not overlap, searched by halving.
import ipaddr from 'ipaddr.js';

/** First and last address of a network. */
interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

export interface Network extends Range {
  readonly version: 4 | 6;
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address. A network with host bits set is taken as the network. Throws one sentence. */
export function parseNetwork(text: string): Network {
  try {
    const [address, bits] = text.includes('/') ? ipaddr.parseCIDR(text) : [ipaddr.parse(text), undefined];
    const bytes = address.toByteArray();
    const width = bytes.length * 8;
    const hostBits = BigInt(width - (bits ?? width));
    const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const first = (value >> hostBits) << hostBits;
    return { version: width === 32 ? 4 : 6, first, last: first | ((1n << hostBits) - 1n) };
  } catch {
    throw new Error(`"${text}" is no network; write it as 10.0.0.0/8 or 2001:db8::/32.`);
  }
}

/** IPv4 ranges are two Float64 a range, IPv6 ones sixteen 16-bit groups: no allocation in `has`. */
export class AddressRanges {
  readonly #v4: Float64Array;
  readonly #v6: Uint16Array;

  constructor(networks: readonly string[]) {
    const parsed = networks.map(parseNetwork);
    this.#v4 = Float64Array.from(merged(parsed, 4).flatMap(({ first, last }) => [Number(first), Number(last)]));
    this.#v6 = Uint16Array.from(merged(parsed, 6).flatMap(({ first, last }) => [...groupsOf(first), ...groupsOf(last)]));
  }

  hasV4(address: number): boolean {
    const ranges = this.#v4;
    let low = 0;
    let high = ranges.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (address < ranges[2 * middle]!) high = middle;
      else if (address > ranges[2 * middle + 1]!) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** `groups`: the eight 16-bit groups of the address. */
  hasV6(groups: Uint16Array): boolean {
    let low = 0;
    let high = this.#v6.length / 16;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(groups, middle * 16) < 0) high = middle;
      else if (this.#compare(groups, middle * 16 + 8) > 0) low = middle + 1;
      else return true;
    }
    return false;
  }

  #compare(groups: Uint16Array, at: number): number {
    for (let i = 0; i < 8; i += 1) {
      const difference = groups[i]! - this.#v6[at + i]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

function merged(networks: readonly Network[], version: 4 | 6): Range[] {
  const sorted = networks.filter((network) => network.version === version).sort((a, b) => (a.first < b.first ? -1 : 1));
  const ranges: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of sorted) {
    const previous = ranges.at(-1);
    if (!previous || first > previous.last + 1n) ranges.push({ first, last });
    else if (last > previous.last) previous.last = last;
  }
  return ranges;
}

function groupsOf(value: bigint): number[] {
  return Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
}
