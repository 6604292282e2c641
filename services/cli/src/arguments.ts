// Values of flags, read strictly: seconds, HOST:PORT, CIDR, shards; and the options that several commands share.

import { canonicalAddress } from '@swarmscope/bittorrent/endpoint.ts';
import { InvalidArgumentError, Option } from 'commander';

/** A peer, tracker or bootstrap node as a person names it: the host may be a name. */
export interface HostPort {
  host: string;
  port: number;
}

export interface Shard {
  index: number;
  count: number;
}

const SECONDS_MAX = 366 * 86_400;
const SHARDS_MAX = 256;

/** Seconds as a positive number, fractions allowed. */
export function readSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds > 0 && seconds <= SECONDS_MAX)) throw new InvalidArgumentError('Seconds are a number above 0.');
  return seconds;
}

/** A whole number above 0. */
export function readCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count === 0) throw new InvalidArgumentError('It is a whole number above 0.');
  return count;
}

/** A TCP or UDP port, 0 meaning "any free one" where that makes sense. */
export function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

/** `1.2.3.4:5`, `[::1]:5` or `host.example:5`. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  const host = match[1] === undefined ? match[2]! : canonicalAddress(match[1]);
  return host !== undefined && port > 0 && port <= 65_535 ? { host, port } : undefined;
}

/** One more HOST:PORT of a flag that may be repeated. */
export function readHostPorts(text: string, before: HostPort[] | undefined): HostPort[] {
  const value = parseHostPort(text);
  if (!value) throw new InvalidArgumentError('Give it as HOST:PORT, IPv6 in brackets.');
  return [...(before ?? []), value];
}

/** One more CIDR of a flag that may be repeated. */
export function readNetworks(text: string, before: string[] | undefined): string[] {
  const [address = '', bits = ''] = text.split('/');
  const canonical = canonicalAddress(address);
  const most = canonical?.includes(':') ? 128 : 32;
  if (canonical === undefined || !/^\d{1,3}$/.test(bits) || Number(bits) > most)
    throw new InvalidArgumentError('A network is written as ADDRESS/BITS, for instance 127.0.0.0/8.');
  return [...(before ?? []), `${canonical}/${Number(bits)}`];
}

/** One more tracker URL. */
export function readTrackers(text: string, before: string[] | undefined): string[] {
  let protocol = '';
  try {
    protocol = new URL(text).protocol;
  } catch {
    // reported below
  }
  if (!['http:', 'https:', 'udp:'].includes(protocol))
    throw new InvalidArgumentError('A tracker is an http, https or udp address.');
  return [...(before ?? []), text];
}

/** `I/N` with 1 <= I <= N: the I-th of N parts of the id space. The index in the value counts from 0. */
export function readShard(text: string): Shard {
  const match = /^(\d{1,3})\/(\d{1,3})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (!(index >= 1 && index <= count && count <= SHARDS_MAX))
    throw new InvalidArgumentError(`A shard is I/N with 1 <= I <= N <= ${SHARDS_MAX}, for instance 1/4.`);
  return { index: index - 1, count };
}

export const dataOption = () =>
  new Option('--data <dir>', 'data directory: store, identity, watch list').env('SWARMSCOPE_DATA').default('./data');

/** `--bootstrap A:1 B:2` and `--bootstrap A:1 --bootstrap B:2` mean the same; where torrents stand beside it, only the latter. */
export const bootstrapOption = (description: string, variadic = true) =>
  new Option(`--bootstrap <host:port${variadic ? '...' : ''}>`, `${description} (repeatable)`).argParser(readHostPorts);

export const labNetworkOption = () =>
  new Option('--lab-network <cidr>', 'admit this network although it is not public, for laboratories (repeatable)').argParser(
    readNetworks,
  );

export const jsonOption = (what: string) => new Option('--json', `print ${what} as JSON`);
