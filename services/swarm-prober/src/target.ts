// What a person hands to the prober: a torrent by name or file, with the trackers and peers that belong to it. Full tracker URLs live here and nowhere else.
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { type Metainfo, parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';

/** A torrent with what is known of it. At least one of the two hashes, or the file. */
export interface TorrentSource {
  /** v1, 20 bytes. */
  readonly infoHash?: Uint8Array | undefined;
  /** v2, all 32 bytes. */
  readonly infoHashV2?: Uint8Array | undefined;
  /** The .torrent file. */
  readonly metainfo?: Uint8Array | undefined;
  /** Whole URLs, passkeys included. */
  readonly trackers?: readonly string[];
}

/** A torrent to be probed now; it counts as watched. `verify` and `announce` default to true. */
export interface ProbeTarget extends TorrentSource {
  readonly peers?: readonly Endpoint[];
  readonly verify?: boolean;
  readonly announce?: boolean;
  /** The publisher's own networks (CIDR). */
  readonly prefixesExcluded?: readonly string[];
}

/** A source, read: the names it has (hex, 20 bytes), v1 first. */
export interface ReadSource {
  readonly names: readonly string[];
  readonly torrent: Metainfo | undefined;
  readonly trackers: readonly string[];
}

/** Reads the file and puts the names in order. Throws one sentence when it is no torrent, or has no name. */
export function readSource(source: TorrentSource): ReadSource {
  const torrent = source.metainfo ? parseTorrent(source.metainfo) : undefined;
  if (torrent instanceof Malformed)
    throw new Error(`The torrent file cannot be read: ${torrent.reason} at byte ${torrent.offset}.`);
  const v1 = source.infoHash ?? torrent?.info.infoHashV1;
  const v2 = source.infoHashV2 ?? torrent?.info.infoHashV2;
  const names = [v1, v2?.subarray(0, 20)].filter((hash) => hash !== undefined).map(toHex);
  if (names.length === 0) throw new Error('A torrent needs an infohash or a file.');
  return { names, torrent, trackers: [...(source.trackers ?? []), ...(torrent?.trackers.flat() ?? [])] };
}
