// libtorrent as a foreign node, peer and torrent maker: typed faces of the Python scripts of this directory.
import { join } from 'node:path';
import { PythonScript } from './process.ts';

export interface DhtEntry {
  info_hash: string;
  /** Source address of the announce, so the peer's address. */
  address: string;
  port: number;
  seed?: boolean;
}

/** A DHT packet that a libtorrent node got, by its own packet log. */
export interface ReceivedPacket {
  node: number;
  at_s: number;
  from: string;
  /** Method of a query; 'r' reply, 'e' error. */
  kind: string;
}

/** A mesh of libtorrent DHT nodes on the given addresses. */
export class DhtMesh {
  readonly #script = new PythonScript('dht_nodes.py');
  nodes: string[] = []; // bound: addresses given to start

  async start(addresses: readonly string[], port: number, intervalS = 0): Promise<void> {
    const { nodes } = await this.#script.ask<{ nodes: string[] }>('start', { addresses, port, interval_s: intervalS });
    this.nodes = nodes;
  }

  /** Announces each entry at the `copies` nodes closest to it; answers how many announces were accepted. */
  announce(entries: readonly DhtEntry[], copies = 8): Promise<number> {
    return this.#script.ask('announce', { entries, copies });
  }

  /** Every packet the nodes got, or only those from one address. */
  received(askerAddress?: string): Promise<ReceivedPacket[]> {
    return this.#script.ask('received', { asker_address: askerAddress ?? null });
  }

  /** Forgets the packets received so far. */
  forget(): Promise<void> {
    return this.#script.ask('forget');
  }

  /** All infohashes the nodes give away by BEP 51. */
  samples(): Promise<string[]> {
    return this.#script.ask('samples');
  }

  stop(): Promise<void> {
    return this.#script.stop();
  }
}

export interface MadeTorrent {
  torrent: string;
  name: string;
  pieces: number;
  info_hash_v1: string | null;
  info_hash_v2: string | null;
  /** The exact info dictionary, hex. */
  info: string;
}

export interface TorrentPlan {
  directory: string;
  name: string;
  seed: string;
  size_bytes: number;
  piece_length: number;
  kind?: 'v1' | 'hybrid' | 'v2';
  files?: number;
  trackers?: readonly string[];
  private?: boolean;
}

/** Makes payloads and their torrents. */
export class TorrentMaker {
  readonly #script = new PythonScript('torrents.py');

  make(plan: TorrentPlan): Promise<MadeTorrent> {
    return this.#script.ask('make', { ...plan });
  }

  /** A copy of a single-file payload in its own directory that keeps exactly the pieces `keep`; answers the directory. */
  async copy(plan: TorrentPlan, directory: string, keep: readonly number[]): Promise<string> {
    await this.#script.ask('damage', {
      source: join(plan.directory, plan.name),
      target: join(directory, plan.name),
      piece_length: plan.piece_length,
      keep,
    });
    return directory;
  }

  stop(): Promise<void> {
    return this.#script.stop();
  }
}

export type LibtorrentRole = 'seeder' | 'leecher' | 'partial_seed' | 'super_seeder' | 'encrypted' | 'utp_only' | 'hidden';

export interface LibtorrentStatus {
  info_hash: string;
  checking: boolean;
  seeding: boolean;
  pieces: string;
  pieces_have: number;
  peers: number;
  uploaded_bytes: number;
  error: string | null;
}

export interface LibtorrentPeer {
  name: string;
  role: LibtorrentRole;
  address: string;
  port: number;
  torrents: readonly { torrent: string; save_path: string; have?: readonly number[]; trackers?: readonly string[] }[];
  /** Bytes a second; 0 is no limit. */
  upload_limit?: number;
  download_limit?: number;
  /** Of libtorrent's session, in place of ours. */
  settings?: Record<string, unknown>;
}

/** libtorrent peers, all in one Python process, each its own session and address. */
export class LibtorrentPeers {
  readonly #script = new PythonScript('libtorrent_peers.py');

  add(peer: LibtorrentPeer): Promise<{ address: string; port: number }> {
    return this.#script.ask('add', { ...peer });
  }

  /** The truth of every peer, per torrent. */
  status(): Promise<Record<string, LibtorrentStatus[]>> {
    return this.#script.ask('status');
  }

  connect(name: string, address: string, port: number): Promise<void> {
    return this.#script.ask('connect', { name, address, port });
  }

  remove(name: string): Promise<void> {
    return this.#script.ask('remove', { name });
  }

  stop(): Promise<void> {
    return this.#script.stop();
  }
}
