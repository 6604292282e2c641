// IP endpoints: their text, their key, and the compact form of BEP 5, 23 (6 bytes) and BEP 7, 32 (18 bytes).
import { canonicalAddress, formatV4, formatV6, parseAddress } from './address.ts';
import type { Endpoint } from './machine.ts';

export { canonicalAddress } from './address.ts';

export type Family = 4 | 6;

/** Bytes of one compact endpoint. */
export function compactSize(family: Family): 6 | 18 {
  return family === 4 ? 6 : 18;
}

/** 6 when the address has a colon. */
export function family(endpoint: Endpoint): Family {
  return endpoint.address.includes(':') ? 6 : 4;
}

/** `1.2.3.4:5` or `[::1]:5`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return family(endpoint) === 6 ? `[${endpoint.address}]:${endpoint.port}` : `${endpoint.address}:${endpoint.port}`;
}

/** A Map key, equal exactly when address and port are equal. The same text as formatEndpoint without brackets: cheaper, not for people. */
export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.address}:${endpoint.port}`;
}

/** Reads `1.2.3.4:5` or `[::1]:5`; port 0..65535. Host names are not endpoints: undefined. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([^\]]*:[^\]]*)\]|([^:[\]]+)):(0|[1-9][0-9]{0,4})$/.exec(text);
  if (!match) return undefined;
  const address = canonicalAddress(match[1] ?? match[2]!);
  const port = Number(match[3]);
  return address !== undefined && port <= 65_535 ? { address, port } : undefined;
}

/** Reads 6 or 18 bytes at `offset`; the caller has checked that they are there. */
export function decodeCompact(bytes: Uint8Array, offset: number, family: Family): Endpoint {
  const end = offset + compactSize(family);
  const port = (bytes[end - 2]! << 8) | bytes[end - 1]!;
  return { address: family === 4 ? formatV4(bytes, offset) : formatV6(bytes, offset), port };
}

/** Every whole compact endpoint of a string; a rest shorter than one is left out (decoders that care check the length first). */
export function decodeCompactList(bytes: Uint8Array, family: Family): Endpoint[] {
  const size = compactSize(family);
  const endpoints: Endpoint[] = [];
  for (let offset = 0; offset + size <= bytes.length; offset += size) endpoints.push(decodeCompact(bytes, offset, family));
  return endpoints;
}

/** 6 bytes for IPv4, 18 for IPv6. An address that is no IP address breaks an invariant: endpoints are made by the functions above. */
export function encodeCompact(endpoint: Endpoint): Uint8Array {
  const address = parseAddress(endpoint.address);
  if (!address) throw new Error(`not an IP address: ${endpoint.address}`);
  const bytes = new Uint8Array(address.length + 2);
  bytes.set(address);
  bytes[address.length] = endpoint.port >> 8;
  bytes[address.length + 1] = endpoint.port & 0xff;
  return bytes;
}
