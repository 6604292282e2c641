// Whom we may send to: never a bogon, whoever lists it; never who opted out; the laboratory's networks where they are named.
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { readV6, v4Number } from './address-numbers.ts';
import { AddressRanges } from './address-ranges.ts';

/** IPv4 networks that are nobody's on the public network (IANA special-purpose registry, multicast, class E). */
export const BOGONS_V4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays, deprecated
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
] as const;

/** What IPv6 hosts of the public network have addresses of. */
export const PUBLIC_V6 = ['2000::/3'] as const;

/** Parts of it that are not theirs. Tunnels are left out too: they carry IPv4 addresses that nobody checked. */
export const BOGONS_V6 = [
  '2001::/23', // protocol assignments: Teredo, benchmarks, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '3fff::/20', // documentation
] as const;

export interface PolicyOptions {
  /** Networks admitted though they are bogons (CIDR). */
  readonly labNetworks: readonly string[];
  /** Networks never sent to, whatever else holds (CIDR). */
  readonly optOut: readonly string[];
}

/** The guard in front of every send and dial to an address that somebody else told us. Addresses that the operator names need not pass it. */
export class AddressPolicy {
  readonly #lab: AddressRanges;
  readonly #optOutAlways: readonly string[]; // bound: the setting
  #optOut: AddressRanges;
  readonly #bogons = new AddressRanges([...BOGONS_V4, ...BOGONS_V6]);
  readonly #publicV6 = new AddressRanges(PUBLIC_V6);
  readonly #groups = new Uint16Array(8);

  /** Throws one sentence for a network that cannot be read. */
  constructor(options: PolicyOptions) {
    this.#lab = new AddressRanges(options.labNetworks);
    this.#optOutAlways = options.optOut; // bound: as above
    this.#optOut = new AddressRanges(options.optOut);
  }

  /** These networks are never sent to either, in place of those named by the last call. Throws one sentence. */
  leaveAlone(networks: readonly string[]): void {
    this.#optOut = new AddressRanges([...this.#optOutAlways, ...networks]);
  }

  /** Who opted out is not asked either when the operator named him, for instance as a node to begin with. */
  isOptedOut(address: string): boolean {
    if (!address.includes(':')) return this.#optOut.hasV4(v4Number(address));
    if (!readV6(address, this.#groups)) return false;
    if (isMapped(this.#groups)) return this.#optOut.hasV4(this.#groups[6]! * 65_536 + this.#groups[7]!);
    return this.#optOut.hasV6(this.#groups);
  }

  admits(endpoint: Endpoint): boolean {
    return endpoint.port > 0 && endpoint.port <= 65_535 && this.admitsAddress(endpoint.address);
  }

  /** Any spelling of an IP address; what is none is not admitted. An IPv4-mapped one is judged as IPv4. */
  admitsAddress(address: string): boolean {
    if (address.includes(':')) return readV6(address, this.#groups) && this.#admitsV6(this.#groups);
    const number = v4Number(address);
    return number >= 0 && this.#admitsV4(number);
  }

  #admitsV4(number: number): boolean {
    return !this.#optOut.hasV4(number) && (this.#lab.hasV4(number) || !this.#bogons.hasV4(number));
  }

  #admitsV6(groups: Uint16Array): boolean {
    if (isMapped(groups)) return this.#admitsV4(groups[6]! * 65_536 + groups[7]!);
    if (this.#optOut.hasV6(groups)) return false;
    return this.#lab.hasV6(groups) || (this.#publicV6.hasV6(groups) && !this.#bogons.hasV6(groups));
  }
}

function isMapped(groups: Uint16Array): boolean {
  for (let i = 0; i < 5; i += 1) if (groups[i] !== 0) return false;
  return groups[5] === 0xffff;
}
