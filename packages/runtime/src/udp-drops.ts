// Datagrams that the kernel threw away because nobody took them in time: what Linux says of a socket in /proc/net/udp and udp6.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { readV6, v4Number } from './address-numbers.ts';

// Node gives no SO_RXQ_OVFL and no getsockopt, so the figure is read where the kernel prints it (proc(5)). A line is
//   sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ref pointer drops
// with addresses as 32-bit words in the machine's own byte order. Sockets that share a port (SO_REUSEPORT) are told apart by their inode.

const LOCAL = 1;
const INODE = 9;
const DROPS = 12;

/** Since the socket was bound, of the sockets of this process at that address and port; undefined where the system does not tell. */
export function readUdpDrops(local: Endpoint): number | undefined {
  try {
    const table = readFileSync(local.address.includes(':') ? '/proc/net/udp6' : '/proc/net/udp', 'latin1');
    return dropsIn(table, local, ownSockets());
  } catch {
    return undefined;
  }
}

/** The same of a table that was read; undefined when the socket is not in it. */
export function dropsIn(table: string, local: Endpoint, inodes: ReadonlySet<string>): number | undefined {
  const name = `${addressWords(local.address)}:${local.port.toString(16).toUpperCase().padStart(4, '0')}`;
  let drops: number | undefined;
  for (const line of table.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[LOCAL] === name && inodes.has(fields[INODE]!)) drops = (drops ?? 0) + Number(fields[DROPS]);
  }
  return drops;
}

function ownSockets(): Set<string> {
  const inodes = new Set<string>();
  for (const file of readdirSync('/proc/self/fd')) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${file}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // Closed since the directory was read.
    }
  }
  return inodes;
}

function addressWords(address: string): string {
  if (!address.includes(':')) return wordText(v4Number(address));
  const groups = new Uint16Array(8);
  readV6(address, groups);
  return [0, 2, 4, 6].map((at) => wordText(groups[at]! * 65_536 + groups[at + 1]!)).join('');
}

function wordText(word: number): string {
  const text = word.toString(16).toUpperCase().padStart(8, '0');
  return endianness() === 'LE' ? text.match(/../g)!.reverse().join('') : text;
}
