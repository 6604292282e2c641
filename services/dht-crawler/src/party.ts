// Who is one and the same party, so that two of them are independent witnesses.
import { addressPrefix } from '@swarmscope/bittorrent/address.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { hashText } from './recent.ts';

/** A number for the party of an endpoint, of 31 bits and never 0. Parties on the public network are whole /24 or /48 blocks; in a laboratory each endpoint is one. */
export function partyOf(): (endpoint: Endpoint) => number {
  const strict = new AddressPolicy({ labNetworks: [], optOut: [] });
  return (endpoint) =>
    hashText(strict.admitsAddress(endpoint.address) ? addressPrefix(endpoint.address) : endpointKey(endpoint)) >>> 1 || 1;
}
