// The DHT as a source of peers: one get_peers lookup per node and name of a swarm, with BEP 33 where somebody asked for the swarm by name; announcing where
// that is allowed; never for a private torrent.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { FilterPoll } from '@swarmscope/bittorrent/dht/filter-poll.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import { type Agenda, Task } from './agenda.ts';
import type { Census, Sighting } from './census.ts';
import type { ProbedSwarm, SwarmView } from './swarm.ts';

/** Nodes asked in one lookup: BEP 33 wants 16 of the closest, the walk to them takes as many again. */
const MAX_NODES = 48;
/** A walk that fewer nodes answered is tried again while the census waits for it: our node is joining just now, or has just come back. In a smaller network: that all of it answered. */
const ENOUGH_ANSWERS = 8;
const RETRY_MS = 1_000;
const MAX_RETRIES = 4;
/** In however small a network. */
const LEAST_LOOKUPS = 8;

export interface DhtSourceOptions {
  readonly dht: readonly Driven<DhtNode, DhtFact>[];
  readonly agenda: Agenda;
  readonly maxLookups: number;
  listenPort(): number | undefined;
  /** Pseudonym of a node. */
  nodeKey(id: Uint8Array, address: string): string;
  sighted(swarm: ProbedSwarm, via: number, endpoint: Endpoint, sighting: Sighting): void;
  /** Something changed: look at the census again. */
  changed(): void;
}

interface Lookup {
  readonly view: SwarmView;
  readonly census: Census;
  /** Of the census' question; undefined where the census does not wait for it. */
  readonly key: string | undefined;
  readonly announces: boolean;
  readonly until: number;
  /** BEP 33 filters, where they are asked for. */
  readonly poll: FilterPoll | undefined;
  retries: number;
  /** Some node of it named a peer. */
  found: boolean;
}

/** One DHT node with its lookups of ours. */
class Place {
  readonly lookups = new Map<number, Lookup>(); // bound: maxLookups, and two names of each swarm
  readonly driven: Driven<DhtNode, DhtFact>;
  constructor(driven: Driven<DhtNode, DhtFact>) {
    this.driven = driven;
  }
}

export class DhtSource {
  readonly #options: DhtSourceOptions;
  readonly #places: readonly Place[];
  readonly #unlisten: readonly (() => void)[];

  constructor(options: DhtSourceOptions) {
    this.#options = options;
    this.#places = options.dht.map((driven) => new Place(driven));
    this.#unlisten = this.#places.map((place) => place.driven.listen((fact, now) => this.#fact(place, fact, now)));
  }

  /**
   * Looks for peers of one name, in the DHT of each family. `waitMs`: how long the census waits for it. Watched torrents are announced on the way;
   * others only when somebody was reached (`announce`): the DHT need not store that we looked for what is dead.
   */
  ask(view: SwarmView, census: Census, now: number, waitMs: number): void {
    for (const [index, place] of this.#places.entries()) {
      const key = `dht ${index} ${view.home.views.indexOf(view)}`;
      census.ask(key, 'dht', now);
      const asked = { view, census, key, announces: view.home.watched, until: now + waitMs, poll: pollOf(view) };
      this.#lookup(place, { ...asked, retries: 0, found: false });
    }
  }

  /** So many lookups are under way that further ones would only slow each other down; with a `share` of them already. */
  isBusy(share = 1): boolean {
    return this.#places.some(({ driven, lookups }) => {
      const nodes = driven.act((node) => node.table.size);
      return lookups.size >= share * Math.min(this.#options.maxLookups, Math.max(LEAST_LOOKUPS, nodes));
    });
  }

  /** Announces us under one name, where that is allowed and was not done by `ask`. */
  announce(view: SwarmView, census: Census, now: number): void {
    if (!view.home.announce || view.home.watched) return;
    const asked = { view, census, key: undefined, announces: true, until: now, poll: undefined };
    for (const place of this.#places) this.#lookup(place, { ...asked, retries: 0, found: false });
  }

  /** Ends what is under way for a swarm; with `all` also announces that nobody waits for. */
  end(swarm: ProbedSwarm, all = false): void {
    for (const { driven, lookups } of this.#places) {
      for (const [id, lookup] of lookups) {
        const { view, census, key } = lookup;
        if (view.home !== swarm || (key === undefined && !all)) continue;
        lookups.delete(id);
        driven.act((node) => node.cancel(id));
        count(lookup);
        if (key !== undefined) census.current.settle(key, false);
      }
    }
  }

  stop(): void {
    for (const unlisten of this.#unlisten) unlisten();
  }

  #lookup({ driven, lookups }: Place, lookup: Lookup): void {
    const { view, announces, poll } = lookup;
    const port = this.#options.listenPort();
    const announce =
      announces && view.home.announce && port !== undefined ? { announce: { port, seed: false, impliedPort: false } } : {};
    driven.act((node, now, out) => {
      const plan = {
        target: view.infoHash,
        kind: 'get_peers',
        maxNodes: MAX_NODES,
        scrape: poll !== undefined,
        ...announce,
      } as const;
      // Registered inside of the call: its facts are told before the call returns.
      lookups.set(node.lookup(plan, now, out), lookup);
    });
  }

  #fact(place: Place, fact: DhtFact, now: number): void {
    if (fact.type !== 'peers' && fact.type !== 'filters' && fact.type !== 'lookup_done') return;
    const lookup = place.lookups.get(fact.lookup);
    if (!lookup) return;
    if (fact.type === 'filters') {
      lookup.poll?.add(endpointKey(fact.from), fact);
      return;
    }
    const { view, census, key, until } = lookup;
    if (fact.type === 'peers') {
      lookup.found = true;
      const { id, address } = fact.from;
      const sourceId = this.#options.nodeKey(id, address);
      const via = view.home.views.indexOf(view);
      for (const endpoint of fact.endpoints) this.#options.sighted(view.home, via, endpoint, { source: 'dht', sourceId });
    } else {
      place.lookups.delete(fact.lookup);
      if (fact.announcedTo > 0) census.current.announced(now);
      const nodes = place.driven.act((node) => node.table.size);
      // `answered` also counts announces: how far the walk came, its closest tell.
      const isThin = fact.closest.length < Math.min(ENOUGH_ANSWERS, Math.max(1, nodes));
      if (isThin && lookup.retries < MAX_RETRIES && now + RETRY_MS < until) this.#retryLater(place, lookup, now);
      // A walk that broke off and found nobody has not shown that there is nobody.
      else {
        count(lookup);
        if (key !== undefined) census.current.settle(key, !isThin || lookup.found);
      }
    }
    this.#options.changed();
  }

  #retryLater(place: Place, lookup: Lookup, now: number): void {
    lookup.retries++;
    const task = new Task(() => {
      const { view, census } = lookup;
      if (view.home.census === census.current && !view.home.isPrivate) this.#lookup(place, lookup);
    });
    this.#options.agenda.set(task, now + RETRY_MS);
  }
}

/** A walk to 16 and as many questions again, for filters: they are asked for where the swarm is on the watch list, or its file or trackers were given. */
function pollOf({ home }: SwarmView): FilterPoll | undefined {
  return home.watched || home.isKept ? new FilterPoll() : undefined;
}

/** What a lookup heard by BEP 33 becomes part of its census. */
function count({ poll, census }: Lookup): void {
  const tally = poll?.tally();
  if (tally) census.current.tell(tally);
}
