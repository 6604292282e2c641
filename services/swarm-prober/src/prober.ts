// The prober itself: which swarms there are, which census runs, what happens when metadata, pieces and peers are learned, and what is said of it all.
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import type { Metainfo } from '@swarmscope/bittorrent/metainfo.ts';
import { parseInfo, wireHashes } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import { PEX_SEED, type PexPeer } from '@swarmscope/bittorrent/peer/pex.ts';
import { Task } from './agenda.ts';
import { Aliases } from './aliases.ts';
import { Census, makeCensusId, type Sighting } from './census.ts';
import { conclude, keepState } from './conclude.ts';
import { Eager } from './eager.ts';
import { Looks, type Overheard, recall } from './looks.ts';
import { Names } from './names.ts';
import type { Peer } from './peer.ts';
import { ByteBudget, PieceCache } from './piece-cache.ts';
import type { ProbeOwner } from './probe-owner.ts';
import type { ProberOptions, Sources } from './prober-options.ts';
import type { Probes } from './probes.ts';
import { Registry } from './registry.ts';
import { type Entry, Schedule } from './schedule.ts';
import { lookTimes } from './settings.ts';
import type { ProbedSwarm, SwarmView } from './swarm.ts';

/** Infohashes that are met come in the order of the id space, and neighbours there have the same DHT nodes: so they are mixed. */
const MIX_MS = 2_000;

export class Prober implements ProbeOwner {
  readonly #options: ProberOptions;
  readonly schedule: Schedule;
  readonly #cache: PieceCache;
  readonly #registry: Registry;
  readonly aliases = new Aliases();
  readonly #active = new Map<ProbedSwarm, Entry>(); // bound: budgets.censuses and budgets.looks
  /** Those that have somebody to dial. */
  readonly #eager = new Eager();
  readonly #looks: Looks;
  readonly #names: Names;
  readonly #task: Task;
  readonly #verifyAll: ByteBudget;
  readonly violations = new Map<string, number>(); // bound: the violations that exist
  #probes!: Probes;
  #sources!: Sources;
  #starting = false;
  #stopped = false;
  resolved = 0;
  censuses = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
    const { budgets, times } = options;
    this.schedule = new Schedule(budgets.infohashes, times, options.refuses);
    this.#looks = new Looks(budgets.looks);
    this.#cache = new PieceCache(budgets.cacheBytes);
    this.#registry = new Registry(this.#cache, new ByteBudget(budgets.uploadBytesPerSecond));
    this.#names = new Names({ registry: this.#registry, schedule: this.schedule, looks: this.#looks, active: this.#active });
    this.#verifyAll = new ByteBudget(budgets.verifyBytesPerDay / 86_400, budgets.verifyBytesPerDay);
    this.#task = new Task(() => this.#turn());
  }

  /** The parts that need the prober as their owner. */
  connect(probes: Probes, sources: Sources): void {
    this.#probes = probes;
    this.#sources = sources;
  }

  // ---- what there is to probe

  /** The swarm of an infohash, made if need be. */
  swarm(infoHash: string): ProbedSwarm {
    return this.#registry.open(infoHash);
  }

  /** A torrent whose file was given: resolved before anybody is asked. */
  given(swarm: ProbedSwarm, { info, layers, webSeeds }: Metainfo): void {
    swarm.webSeeds = webSeeds;
    if (!swarm.layout) this.#resolve(swarm, swarm.views[0]!, new TorrentLayout(info, layers), 'file', webSeeds.length > 0);
  }

  /** Puts a swarm into the schedule, and starts what is due. `dueMs`, `censuses`: as an earlier process left it. */
  want(swarm: ProbedSwarm, dueMs?: number, censuses?: number): void {
    this.schedule.add(swarm.id, swarm.watched, this.#options.clock.now(), dueMs, censuses);
    this.#turn();
  }

  /** An infohash was met: into the schedule, without a swarm object until its turn. */
  met(infoHash: string, dueMs?: number, censuses = 0): void {
    const known = this.#registry.find(infoHash);
    if (this.aliases.has(infoHash) || (known && known.id !== infoHash)) return;
    if (this.schedule.get(infoHash) || !this.#options.share.owns(infoHash)) return;
    const now = this.#options.clock.now();
    const due = dueMs ?? now + this.#options.random() * MIX_MS;
    if (!this.schedule.add(infoHash, false, now, due, censuses)) return;
    if (!this.#sources.want(infoHash)) this.#looks.later(infoHash);
    this.#turn();
  }

  /** Peers of it are known: worth a first look. */
  overheard(infoHash: string, endpoints: readonly Endpoint[], sourceId: string): void {
    if (!this.schedule.isFresh(infoHash)) return;
    this.#looks.add(infoHash, endpoints, sourceId);
    this.#turn();
  }

  /** Further infohashes may be asked for. */
  heardOut(): void {
    this.#looks.ask((infoHash) => !this.schedule.isFresh(infoHash) || this.#sources.want(infoHash));
  }

  unwatch(infoHash: string): void {
    const swarm = this.#registry.find(infoHash);
    if (swarm) swarm.watched = false;
    this.schedule.unwatch(infoHash);
  }

  /** Others own some of what is here now: it is left to them, whatever was under way. */
  disown(): void {
    const { share } = this.#options;
    for (const swarm of [...this.#active.keys()]) if (!share.owns(swarm.id)) this.#finish(swarm, true);
    this.schedule.retain((id) => share.owns(id));
    for (const swarm of [...this.#registry.all()]) if (!share.owns(swarm.id) && !swarm.isKept) this.#registry.drop(swarm);
  }

  /** Another name of the swarm, known before its metadata. */
  alsoNamed(swarm: ProbedSwarm, infoHash: string): void {
    this.#unite(swarm, [infoHash], swarm.id);
  }

  get active(): number {
    return this.#active.size;
  }

  /** Endpoints, sources and sessions of all censuses that may still change a result. */
  get pending(): number {
    const now = this.#options.clock.now();
    return [...this.#active.keys()].reduce((sum, { census }) => sum + (census?.pending(now) ?? 0), 0);
  }

  /** Nothing is under way, and everything that was asked for has had its census. */
  get isSettled(): boolean {
    return this.#active.size === 0 && !this.#starting && this.schedule.fresh === 0;
  }

  stop(): void {
    this.#stopped = true;
    for (const swarm of [...this.#active.keys()]) this.#finish(swarm, true);
  }

  // ---- the loop: starts what is due, dials what waits, ends what is over

  /** Looks at all censuses, and goes on. */
  pump(): void {
    for (const swarm of [...this.#active.keys()]) this.#tend(swarm, this.#options.clock.now());
    this.#turn();
  }

  /** Goes on: after something happened to this swarm alone its census is looked at, then what is due is started, and who waits is dialled. */
  #turn(swarm?: ProbedSwarm): void {
    if (this.#stopped) return;
    const { scores, publisher, clock } = this.#options;
    const now = clock.now();
    if (swarm) this.#tend(swarm, now);
    const due = this.#hasRoom() ? this.schedule.next() : Number.POSITIVE_INFINITY;
    if (this.#hasLook || due <= now) void this.#startNext();
    this.#eager.dial(now, this.#probes, (id, endpoint) => scores.hasFailed(id, publisher.naming.peerKey(endpoint)));
    this.#options.agenda.set(this.#task, Math.max(due, now + 1));
  }

  /** Ends a census that is over, or says when it is to be looked at again. */
  #tend(swarm: ProbedSwarm, now: number): void {
    const { census } = swarm;
    if (!census || this.#stopped || !this.#active.has(swarm)) return;
    if (this.schedule.refuses(swarm.id) || census.isOver(now)) this.#finish(swarm);
    else {
      if (census.waiting > 0) this.#eager.add(swarm);
      this.#options.agenda.set(census.task, Math.max(now + 1, Math.min(census.overDue(now), this.#dialDue(census))));
    }
  }

  get #hasLook(): boolean {
    return this.#looks.isDue && this.#options.share.isSettled;
  }

  #hasRoom(): boolean {
    if (!this.#options.share.isSettled || this.#active.size - this.#looks.active >= this.#options.budgets.censuses) return false;
    return !this.#sources.isBusy(this.schedule.isWatchedDue(this.#options.clock.now()));
  }

  #startDue(now: number): boolean {
    if (this.#hasLook) {
      const look = this.#looks.take();
      const entry = this.schedule.takeFresh(look.id);
      if (entry) this.#start(entry, now, look);
      return true;
    }
    const entry = this.#hasRoom() ? this.schedule.take(now) : undefined;
    if (entry) this.#start(entry, now);
    return entry !== undefined;
  }

  /** A peer that waits for a place is dialled when one becomes free: `released` pumps. */
  #dialDue(census: Census): number {
    return this.#probes.hasRoom ? Math.max(census.dialDue, this.#options.clock.now() + 50) : Number.POSITIVE_INFINITY;
  }

  async #startNext(): Promise<void> {
    if (this.#starting) return;
    this.#starting = true;
    try {
      await this.#options.room();
      const now = this.#options.clock.now();
      while (!this.#stopped && this.#startDue(now));
    } catch (error) {
      this.#options.onInvariant(error);
    } finally {
      this.#starting = false;
    }
    this.#turn();
  }

  /** `look`: a first look, at the peers that are known, for the metadata; the census proper comes when its turn is. */
  #start(entry: Entry, now: number, look?: Overheard): void {
    const { times, budgets, random, verify, announce } = this.#options;
    const swarm = this.swarm(entry.id);
    if (swarm.census) throw new Error(`a census of ${swarm.id} is under way already`);
    swarm.permit(verify, announce);
    const census = new Census(makeCensusId(random), look ? lookTimes(times) : times, budgets.endpointsPerSwarm, now);
    census.isLook = look !== undefined;
    if (look) this.#looks.began();
    swarm.census = census;
    this.#active.set(swarm, entry);
    for (const endpoint of swarm.given) this.sighted(swarm, 0, endpoint, { source: 'given' });
    for (const { endpoint, via } of swarm.remembered) census.revisit(endpoint, via);
    if (look) recall(swarm, look, now, (via, endpoint, sighting) => this.sighted(swarm, via, endpoint, sighting));
    else for (const view of swarm.views) this.#sources.ask(view, census, now);
    this.#probes.adopt(swarm.views[0]!, census);
    // It may have become part of another swarm when its time comes.
    census.task = new Task(() => this.#turn(swarm.views[0]!.home));
    this.#tend(swarm, now);
  }

  #finish(swarm: ProbedSwarm, isStopped = false): void {
    const { clock, publisher, scores, agenda, share } = this.#options;
    const entry = this.#active.get(swarm)!;
    const now = clock.now();
    const { isLook, task } = swarm.census!;
    agenda.set(task, Number.POSITIVE_INFINITY);
    const isOurs = share.owns(swarm.id);
    const isCut = isStopped || isLook || !isOurs;
    for (const view of swarm.views) this.#probes.finish(view, now);
    this.#sources.end(swarm);
    const conclusion = { publisher, scores, reachableSelf: this.#options.reachableSelf(), isCut, now };
    const peers = conclude(swarm, conclusion);
    const reached = peers.filter((peer) => peer.isHandshaken).length;
    if (isLook) {
      this.#looks.ended();
      this.schedule.giveBack(entry, now);
    } else {
      const distance = isCut ? 0 : this.schedule.done(entry, reached, now);
      const outcome = isCut ? 'cut' : reached > 0 ? 'reached' : 'nobody';
      if (isOurs) keepState(swarm.id, entry, outcome, clock.wall() + distance, conclusion);
      this.censuses++;
    }
    this.#active.delete(swarm);
    swarm.remember(peers);
    Object.assign(swarm, { census: undefined, racers: 0 });
    // A met swarm is forgotten between its censuses: only its place in the schedule stays.
    if (!swarm.watched && !swarm.isKept) this.#registry.drop(swarm);
  }

  // ---- what is learned

  /** An endpoint of a swarm; ours is counted, a bogon that somebody told us is not taken. */
  sighted(swarm: ProbedSwarm, via: number, endpoint: Endpoint, sighting: Sighting): void {
    const { census } = swarm;
    if (!census) return;
    if (this.#options.isOwnEndpoint(endpoint)) {
      census.own.add(endpointKey(endpoint));
      return;
    }
    if (sighting.source !== 'given' && !this.#options.admits(endpoint)) return;
    this.#eager.add(swarm);
    const isNews = !census.peers.get(endpointKey(endpoint))?.sources.has(sighting.source);
    if (!census.sight(endpoint, { ...sighting, via }) || !isNews) return;
    this.#options.publisher.sighted(swarm.id, endpoint, sighting);
  }

  viewOf(infoHash: Uint8Array): SwarmView | undefined {
    const name = toHex(infoHash);
    if (this.schedule.refuses(name)) return undefined;
    return this.#registry.find(name)?.views.find((view) => toHex(view.infoHash) === name);
  }

  hiddenName(hash: Uint8Array): Uint8Array | undefined {
    return this.#registry.hiddenName(hash);
  }

  reached(view: SwarmView): void {
    const { census } = view.home;
    if (!census || census.wasReached) return;
    census.wasReached = true;
    this.#sources.reached(view, census, this.#options.clock.now());
  }

  inbound(view: SwarmView, peer: Peer): void {
    const { census } = view.home;
    if (!census) return;
    peer.sources.set('inbound', undefined);
    peer.via = view.home.views.indexOf(view);
    census.peers.set(endpointKey(peer.endpoint), peer);
    this.#options.publisher.sighted(view.home.id, peer.endpoint, { source: 'inbound' });
  }

  learned(view: SwarmView, from: Peer, peers: readonly PexPeer[]): void {
    if (view.home.isPrivate || !view.home.census) return;
    const sourceId = this.#options.publisher.naming.peerKey(from.endpoint);
    const via = view.home.views.indexOf(view);
    for (const { endpoint, flags } of peers)
      this.sighted(view.home, via, endpoint, { source: 'pex', sourceId, claimsSeed: (flags & PEX_SEED) !== 0 });
    this.#turn(view.home);
  }

  verified(view: SwarmView, piece: number, data: Uint8Array): void {
    view.home.census?.rarity.verified(piece);
    if (this.#cache.put(view.home.id, piece, data)) this.#probes.offer(view, piece);
  }

  spendVerify(view: SwarmView, bytes: number): boolean {
    const { clock, budgets } = this.#options;
    if (!this.#verifyAll.take(bytes, clock.now())) return false;
    return view.home.spendVerify(bytes, budgets.verifyBytesPerSwarm, clock.wall());
  }

  released(view: SwarmView): void {
    this.#turn(view.home);
  }

  violation(reason: string): void {
    this.violations.set(reason, (this.violations.get(reason) ?? 0) + 1);
  }

  metadata(view: SwarmView, bytes: Uint8Array): void {
    const swarm = view.home;
    if (swarm.layout) return;
    const info = parseInfo(bytes);
    if (info instanceof Malformed) {
      swarm.isUnusable = true;
      return;
    }
    this.#resolve(swarm, view, new TorrentLayout(info), 'peer');
    if (swarm.census?.isLook) swarm.census.isAnswered = true;
    else this.#probes.learn(view);
    this.#turn(view.home);
  }

  // ---- names

  /** The metadata is known: told to the bus, the swarm under its right name, both names of a hybrid in one swarm. */
  #resolve(swarm: ProbedSwarm, view: SwarmView, layout: TorrentLayout, source: 'peer' | 'file', seeds?: boolean): void {
    const { publisher, share } = this.#options;
    const { info } = layout;
    this.resolved++;
    swarm.layout = layout;
    swarm.hasLayers = source === 'file';
    const [names, id] = [wireHashes(info).map(toHex), toHex(info.swarmId)];
    publisher.resolved(info, view.infoHash, source, seeds);
    // What the operator gave us is ours.
    const isOurs = source === 'file' || share.owns(id);
    if (names[1] !== undefined) {
      publisher.aliased(info, source, isOurs);
      this.aliases.add(names[1]);
    }
    if (!isOurs) {
      this.#leave(swarm, id);
      return;
    }
    if (swarm.isPrivate) this.#sources.hush(swarm);
    this.#unite(swarm, names, id);
  }

  /** A v2 name of ours turned out to be that of a swarm whose v1 name is another's (design 3.6): he hears of it, and probes it. */
  #leave(swarm: ProbedSwarm, id: string): void {
    this.schedule.remove(swarm.id);
    swarm.id = id;
    if (swarm.census) swarm.census.isAnswered = true;
    else if (!swarm.isKept) this.#registry.drop(swarm);
  }

  /** Gives the swarm its names and its id; new ones are asked for too. */
  #unite(swarm: ProbedSwarm, names: readonly string[], id: string): void {
    const now = this.#options.clock.now();
    const added = this.#names.unite(swarm, names);
    const { census } = swarm;
    if (census) for (const view of added) this.#sources.ask(view, census, now);
    this.#names.rename(swarm, id, now);
    this.#tend(swarm, now);
  }
}
