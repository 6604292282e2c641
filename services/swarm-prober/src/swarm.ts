// A swarm that is probed: its names, its metadata once known, where to ask for peers, its policy; and what its sessions see of it.
import { equalBytes, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import type { PieceSource, Swarm, UploadBudget } from '@swarmscope/bittorrent/peer/swarm.ts';
import type { Census } from './census.ts';
import type { Peer } from './peer.ts';
import type { PieceCache } from './piece-cache.ts';

const DAY_MS = 86_400_000;

/** What a session of one infohash sees. When two swarms turn out to be one, `home` is set anew and open sessions go on. */
export class SwarmView implements Swarm {
  readonly infoHash: Uint8Array;
  readonly upload: UploadBudget;
  readonly #cache: PieceCache;
  home: ProbedSwarm;

  constructor(home: ProbedSwarm, infoHash: Uint8Array, cache: PieceCache, upload: UploadBudget) {
    this.home = home;
    this.infoHash = infoHash;
    this.#cache = cache;
    this.upload = upload;
  }

  get infoHashV2(): Uint8Array | undefined {
    return this.home.infoHashV2;
  }

  isNamed(infoHash: Uint8Array): boolean {
    return this.home.views.some((view) => equalBytes(view.infoHash, infoHash));
  }

  get info(): Uint8Array | undefined {
    return this.home.layout?.info.bytes;
  }

  get layout(): TorrentLayout | undefined {
    return this.home.layout;
  }

  get pieces(): PieceSource {
    return this.#cache.source(this.home.id);
  }

  get allowsPex(): boolean {
    return !this.home.isPrivate;
  }
}

type Whose = 'watched' | 'all' | 'none';

export class ProbedSwarm {
  /** `swarm_id`, hex: the v1 infohash once it is known that there is one. */
  id: string;
  /** One per infohash: a hybrid has two. */
  readonly views: SwarmView[] = []; // bound: two names
  layout: TorrentLayout | undefined;
  /** The v2 name, as the operator gave it. */
  nameV2: Uint8Array | undefined;
  /** The piece layers (v2) came with it. */
  hasLayers = false;
  /** The dictionary fits the infohash and is none that can be used: nothing more can be learned of it. */
  isUnusable = false;
  /** Who the metadata came from, while they are asked. */
  racers = 0;
  readonly trackers = new Set<string>(); // bound: MAX_TRACKERS
  /** Of its file (BEP 19). */
  webSeeds: readonly string[] = []; // bound: 256, by the parser
  readonly given: Endpoint[] = []; // bound: what the operator named
  watched = false;
  /** What its entry in the watch list allows. */
  wantsVerify = true;
  wantsAnnounce = true;
  /** Kept between censuses though it is not watched: its file or trackers were given, and nobody would give them again. */
  isKept = false;
  /** What holds for the present census. */
  verify = false;
  announce = false;
  prefixesExcluded: readonly string[] = []; // bound: 256, by the event
  census: Census | undefined;
  censuses = 0;
  lastOutcome: string | undefined;
  /** A file or the operator said so, before or after the metadata did. */
  saidPrivate = false;
  #verifyDay = 0;
  #verifyBytes = 0;

  constructor(id: string) {
    this.id = id;
  }

  get isPrivate(): boolean {
    return this.saidPrivate || (this.layout?.info.private ?? false);
  }

  /** The v2 infohash, 20 bytes, once it is known that there is one. */
  get infoHashV2(): Uint8Array | undefined {
    return this.layout?.info.infoHashV2?.subarray(0, 20) ?? this.nameV2;
  }

  /** The hashes of all pieces are known: those of a pure v2 torrent come with its file, or piece by piece from peers. */
  get canVerify(): boolean {
    return this.layout !== undefined && (this.layout.info.pieceHashes !== undefined || this.hasLayers);
  }

  addTrackers(urls: Iterable<string>): void {
    for (const url of urls) if (this.trackers.size < MAX_TRACKERS) this.trackers.add(url);
  }

  /** Whether `bytes` of payload may be asked for today; they are then counted. */
  spendVerify(bytes: number, perDay: number, wall: number): boolean {
    const day = Math.floor(wall / DAY_MS);
    if (day !== this.#verifyDay) {
      this.#verifyDay = day;
      this.#verifyBytes = 0;
    }
    if (this.#verifyBytes + bytes > perDay) return false;
    this.#verifyBytes += bytes;
    return true;
  }

  /** Peers that were reached, for the next census. */
  remembered: readonly { readonly endpoint: Endpoint; readonly via: number }[] = []; // bound: MAX_REMEMBERED

  remember(peers: readonly Peer[]): void {
    const reached = peers.filter((peer) => peer.isHandshaken && peer.direction === 'out');
    this.remembered = reached.slice(0, MAX_REMEMBERED).map(({ endpoint, via }) => ({ endpoint, via })); // bound: as above
  }

  /** What the present census may do: as the process is told for all, and where that is for watched ones, as its entry in the watch list says. */
  permit(verify: Whose, announce: Whose): void {
    this.verify = verify === 'all' || (verify === 'watched' && this.watched && this.wantsVerify);
    this.announce = announce === 'all' || (announce === 'watched' && this.watched && this.wantsAnnounce);
  }

  /** Takes over what another object of the same torrent was told. */
  adopt(other: ProbedSwarm): void {
    this.addTrackers(other.trackers);
    this.nameV2 ??= other.nameV2;
    this.given.push(...other.given);
    this.watched ||= other.watched;
    this.isKept ||= other.isKept;
    this.verify ||= other.verify;
    this.announce ||= other.announce;
    this.saidPrivate ||= other.saidPrivate;
    if (this.webSeeds.length === 0) this.webSeeds = other.webSeeds; // bound: as above
    if (this.prefixesExcluded.length === 0) this.prefixesExcluded = other.prefixesExcluded;
  }

  /** Infohashes in hex, for maps. */
  get names(): string[] {
    return this.views.map((view) => toHex(view.infoHash));
  }
}

const MAX_TRACKERS = 64;
const MAX_REMEMBERED = 1_000;
