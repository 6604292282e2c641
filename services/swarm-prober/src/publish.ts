// Where facts of the prober become events: stamped once, pseudonymous, within the volume rules. Nothing else of the prober speaks to the bus.
import { addressPrefix } from '@swarmscope/bittorrent/address.ts';
import { family, formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Info } from '@swarmscope/bittorrent/metainfo-info.ts';
import type { Bus } from '@swarmscope/bus/bus.ts';
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { NewColumns } from '@swarmscope/events/event.ts';
import { makeEvent } from '@swarmscope/events/event.ts';
import { cutFiles, SCORES_MAX } from '@swarmscope/events/lists.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import type { Sighting } from './census.ts';
import type { Peer } from './peer.ts';

const HOUR_MS = 3_600_000;
/** Sightings remembered within the hour; further ones are not told twice, but not told at all. */
const MAX_SIGHTINGS = 500_000;

/** `last_outcome` of a v2 name that is followed no more, and for how long that is remembered at least. */
export const ALIAS = 'alias';
const ALIAS_MS = 30 * 24 * HOUR_MS;

/** The names of peers at rest. */
export interface Naming {
  readonly epoch: number;
  peerKey(endpoint: Endpoint): string;
  addressKey(address: string): string;
}

export interface PublisherOptions {
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly naming: Naming;
  readonly network: string;
  readonly instanceId: string;
  readonly addresses: 'pseudonymous' | 'full';
  /** What nothing is told of. */
  readonly takedown?: Takedown | undefined;
}

export interface Score {
  readonly peer_key: string;
  challenges_passed: number;
  challenges_failed: number;
  challenges_silent: number;
}

export class Publisher {
  readonly #options: PublisherOptions;
  #hour = 0;
  readonly #sighted = new Set<string>(); // bound: MAX_SIGHTINGS, emptied each hour
  /** Sightings left out because the hour had too many. */
  suppressed = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get naming(): Naming {
    return this.#options.naming;
  }

  /** Events carry addresses, and what addresses can be found in. */
  get isFull(): boolean {
    return this.#options.addresses === 'full';
  }

  publish<T extends Topic>(topic: T, columns: NewColumns<T>): void {
    const { bus, clock, network, instanceId, takedown } = this.#options;
    const { swarm_id, info_hash } = columns as { readonly swarm_id?: string; readonly info_hash?: string | null };
    if (takedown && [swarm_id, info_hash].some((name) => name && takedown.has(name))) return;
    bus.publish(makeEvent(topic, columns, { ts: clock.wall(), instance_id: instanceId, network }));
  }

  /** `peer_sighted`, once per (swarm, peer, source) an hour. */
  sighted(swarmId: string, endpoint: Endpoint, { source, sourceId, claimsSeed }: Sighting): void {
    const { clock, naming } = this.#options;
    const hour = Math.floor(clock.wall() / HOUR_MS);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#sighted.clear();
    }
    const peerKey = naming.peerKey(endpoint);
    const key = `${swarmId}${peerKey}${source}`;
    if (this.#sighted.has(key)) return;
    if (this.#sighted.size >= MAX_SIGHTINGS) {
      this.suppressed++;
      return;
    }
    this.#sighted.add(key);
    this.publish('peer_sighted', {
      swarm_id: swarmId,
      peer_key: peerKey,
      key_epoch: naming.epoch,
      ip_prefix: addressPrefix(endpoint.address),
      family: family(endpoint),
      source,
      source_id: sourceId ?? null,
      claims_seed: claimsSeed === undefined ? null : flag(claimsSeed),
      endpoint: this.#full(endpoint),
    });
  }

  /** `torrent_resolved` of a torrent whose info dictionary is known. Its name may put it on the takedown list: then all its infohashes are, from now on. */
  resolved(info: Info, infoHash: Uint8Array, source: 'peer' | 'file', hasWebSeeds: boolean | undefined): void {
    const names = [infoHash, info.infoHashV1, info.infoHashV2].filter((hash) => hash !== undefined).map(toHex);
    if (this.#options.takedown?.meets(names, info.name)) return;
    this.publish('torrent_resolved', { ...this.#torrent(info, source, hasWebSeeds), info_hash: toHex(infoHash) });
  }

  /** The v2 name of a hybrid is followed no more: it is that v1 swarm. If that is another prober's, he hears of it as of any infohash that is met. */
  aliased(info: Info, source: 'peer' | 'file', isOurs: boolean): void {
    const v2 = toHex(info.infoHashV2!).slice(0, 40);
    const [swarmId, { clock, naming }] = [toHex(info.swarmId), this.#options];
    this.publish('torrent_resolved', {
      ...this.#torrent(info, source, undefined),
      swarm_id: v2,
      info_hash: v2,
      alias_of: swarmId,
    });
    const dueWall = clock.wall() + ALIAS_MS;
    this.state(v2, { dueWall, outcome: ALIAS, backoffMs: 0, censuses: 0, scores: [] });
    if (isOurs) return;
    const named = {
      info_hash: swarmId,
      way: 'watch',
      reporter_key: null,
      key_epoch: naming.epoch,
      family: 4,
      confirmed: 0,
    } as const;
    this.publish('infohash_sighted', named);
  }

  #torrent(info: Info, source: 'peer' | 'file', hasWebSeeds: boolean | undefined) {
    const entries = info.files
      .filter((file) => !file.padding)
      .map((file) => ({
        path: file.path.join('/'),
        size_bytes: String(file.bytes),
        merkle_root: file.root ? toHex(file.root) : null,
      }));
    return {
      swarm_id: toHex(info.swarmId),
      info_hash_v1: info.infoHashV1 ? toHex(info.infoHashV1) : null,
      info_hash_v2: info.infoHashV2 ? toHex(info.infoHashV2) : null,
      name: info.name,
      size_bytes: String(info.sizeBytes),
      piece_length_bytes: info.pieceBytes,
      pieces: info.pieces,
      ...cutFiles(entries),
      private: flag(info.private),
      has_web_seeds: hasWebSeeds === undefined ? null : flag(hasWebSeeds),
      source,
    };
  }

  /** `peer_probed`: the peer as the census leaves it. */
  probed(swarmId: string, censusId: string, peer: Peer, piecesTotal: number | undefined, now: number): void {
    const { naming } = this.#options;
    const { challenges, endpoint } = peer;
    const ended = peer.endedAt ?? now;
    this.publish('peer_probed', {
      swarm_id: swarmId,
      census_id: censusId,
      peer_key: naming.peerKey(endpoint),
      address_key: naming.addressKey(endpoint.address),
      key_epoch: naming.epoch,
      ip_prefix: addressPrefix(endpoint.address),
      family: family(endpoint),
      direction: peer.direction,
      transport: peer.transport,
      encryption: peer.encryption,
      holepunch: flag(peer.holepunch),
      outcome: peer.outcome ?? 'timeout',
      reason: peer.ending === undefined || ENDINGS.has(peer.ending) ? null : peer.ending,
      client: peer.client ?? null,
      peer_id_prefix: peer.peerId ? printable(peer.peerId.subarray(0, 8)) : null,
      extensions: [...peer.extensions],
      fast: peer.fast === undefined ? null : flag(peer.fast),
      upload_only: peer.uploadOnly === undefined ? null : flag(peer.uploadOnly),
      pieces_have: peer.pieces?.have ?? null,
      pieces_total: peer.isHandshaken ? (piecesTotal ?? null) : null,
      unchoked: peer.isHandshaken ? flag(peer.unchoked) : null,
      challenges_asked: challenges.asked,
      challenges_passed: challenges.passed,
      challenges_failed: challenges.failed,
      challenges_silent: challenges.silent,
      bytes_down: String(peer.bytesDown),
      bytes_up: String(peer.bytesUp),
      verdict: peer.verdict,
      connect_ms: whole(peer.connectMs),
      handshake_ms: whole(peer.handshakeMs),
      first_piece_ms: whole(peer.firstPieceMs),
      duration_ms: Math.max(0, Math.round(ended - (peer.startedAt ?? ended))),
      endpoint: this.#full(endpoint),
    });
  }

  /** `probe_state`: what a prober that takes over needs. */
  state(
    swarmId: string,
    state: { dueWall: number; outcome: string; backoffMs: number; censuses: number; scores: readonly Score[] },
  ): void {
    this.publish('probe_state', {
      swarm_id: swarmId,
      next_due: Math.round(state.dueWall),
      last_outcome: state.outcome,
      backoff_s: Math.round(state.backoffMs / 1000),
      censuses: state.censuses,
      key_epoch: this.#options.naming.epoch,
      scores: state.scores.slice(0, SCORES_MAX),
      scores_total: state.scores.length,
    });
  }

  #full(endpoint: Endpoint): string | null {
    return this.isFull ? formatEndpoint(endpoint) : null;
  }
}

/** Endings that are nobody's fault. */
const ENDINGS = new Set<string>(['remote', 'finished', 'idle', 'lifetime', 'silent']);

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

function whole(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.max(0, Math.round(ms));
}

/** Latin text of a peer id's first bytes, unprintable ones as dots. */
function printable(bytes: Uint8Array): string {
  return [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
}
