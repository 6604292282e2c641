// A tracker's memory and its HTTP side (BEP 3, 7, 23, 27, 48): lab members by truth, visitors by what they announce.
import { type Encodable, encode } from '@swarmscope/bittorrent/bencode.ts';
import { encodeCompact, endpointKey, family } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { drawn, mix32 } from './mix.ts';

/** A peer of the lab that the tracker knows. */
export interface TrackedPeer {
  readonly endpoint: Endpoint;
  isComplete(now: number): boolean;
}

/** An announce as it was read from either protocol. */
export interface Announce {
  /** 40 hex digits. */
  readonly infoHash: string;
  readonly endpoint: Endpoint;
  readonly left: number;
  readonly event: 'none' | 'started' | 'stopped' | 'completed';
  readonly wanted: number;
}

export interface TrackerAnswer {
  readonly intervalS: number;
  readonly complete: number;
  readonly incomplete: number;
  readonly peers: readonly Endpoint[];
}

export interface ScrapeAnswer {
  readonly complete: number;
  readonly incomplete: number;
  readonly downloaded: number;
}

interface Visitor {
  readonly endpoint: Endpoint;
  complete: boolean;
  untilMs: number;
}

interface TrackedSwarm {
  readonly members: readonly TrackedPeer[];
  readonly passkey: string | undefined;
  readonly visitors: Map<string, Visitor>;
}

const INTERVAL_S = 60;
const MAX_SWARMS = 10_000;
const MAX_VISITORS = 1_000;
const MAX_PEERS = 200;
const DEFAULT_WANTED = 50;

/** Swarms and who is in them. Only registered torrents are tracked. */
export class LabTracker {
  readonly #swarms = new Map<string, TrackedSwarm>(); // bound: MAX_SWARMS; registered by the world, never by a visitor

  /** Each answer is another draw. */
  #answers = 0;

  /** Tracks a torrent under one infohash. A private one wants its passkey in the path. */
  register(infoHash: Uint8Array, members: readonly TrackedPeer[], passkey?: string): void {
    if (this.#swarms.size >= MAX_SWARMS) throw new Error('more swarms than this tracker is made for');
    this.#swarms.set(toHex(infoHash), { members, passkey, visitors: new Map() });
  }

  /** The passkey of a torrent; undefined when it has none or is not tracked. */
  passkeyOf(infoHash: string): string | undefined {
    return this.#swarms.get(infoHash)?.passkey;
  }

  /** Takes an announce and gives the others; undefined when the torrent is not tracked. */
  announce(said: Announce, now: number): TrackerAnswer | undefined {
    const swarm = this.#swarms.get(said.infoHash);
    if (!swarm) return undefined;
    expire(swarm, now);
    const key = endpointKey(said.endpoint);
    if (said.event === 'stopped') swarm.visitors.delete(key);
    else if (swarm.visitors.has(key) || swarm.visitors.size < MAX_VISITORS) {
      swarm.visitors.set(key, { endpoint: said.endpoint, complete: said.left === 0, untilMs: now + 2_000 * INTERVAL_S });
    }
    const others = [...swarm.members, ...swarm.visitors.values()].map((peer) => peer.endpoint);
    const here = others.filter((endpoint) => endpointKey(endpoint) !== key);
    const peers = drawn(here, Math.min(said.wanted, MAX_PEERS), mix32(++this.#answers));
    return { intervalS: INTERVAL_S, ...counted(swarm, now), peers };
  }

  /** Who announced and is no member of the lab. */
  visitors(infoHash: string, now: number): Endpoint[] {
    const swarm = this.#swarms.get(infoHash);
    if (!swarm) return [];
    expire(swarm, now);
    return [...swarm.visitors.values()].map((visitor) => visitor.endpoint);
  }

  /** Counts of one torrent; undefined when it is not tracked. */
  scrape(infoHash: string, now: number): ScrapeAnswer | undefined {
    const swarm = this.#swarms.get(infoHash);
    if (!swarm) return undefined;
    expire(swarm, now);
    return { ...counted(swarm, now), downloaded: swarm.members.length };
  }

  /** Answers `GET path` as an HTTP tracker does: status and bencoded body. */
  answerHttp(path: string, from: Endpoint, now: number): { status: number; body: Uint8Array } {
    const [where = '', query = ''] = path.split('?', 2);
    const fields = parseQuery(query);
    const passkey = where.split('/').at(-2) ?? '';
    const hashes = fields.filter(([name, value]) => name === 'info_hash' && value.length === 20).map(([, value]) => value);
    const kind = where.split('/').at(-1);
    if (kind === 'scrape') return { status: 200, body: this.#scrapeBody(hashes.map(latin1Hex), passkey, now) };
    if (kind !== 'announce') return { status: 404, body: new Uint8Array(0) };
    const said = readAnnounce(new Map(fields), from);
    if (!said) return failure('malformed announce');
    if ((this.passkeyOf(said.infoHash) ?? passkey) !== passkey) return failure('unknown passkey');
    const answer = this.announce(said, now);
    if (!answer) return failure('torrent not registered');
    return { status: 200, body: encodeAnswer(answer) };
  }

  #scrapeBody(hashes: readonly string[], passkey: string, now: number): Uint8Array {
    const files = new Map<string, Encodable>();
    for (const hash of hashes) {
      const counts = (this.passkeyOf(hash) ?? passkey) === passkey ? this.scrape(hash, now) : undefined;
      if (counts) files.set(hexLatin1(hash), { ...counts });
    }
    return encode({ files });
  }
}

function expire(swarm: TrackedSwarm, now: number): void {
  for (const [key, visitor] of swarm.visitors) if (visitor.untilMs <= now) swarm.visitors.delete(key);
}

function counted(swarm: TrackedSwarm, now: number): { complete: number; incomplete: number } {
  const members = swarm.members.filter((peer) => peer.isComplete(now)).length;
  const visitors = [...swarm.visitors.values()].filter((visitor) => visitor.complete).length;
  const complete = members + visitors;
  return { complete, incomplete: swarm.members.length + swarm.visitors.size - complete };
}

function encodeAnswer(answer: TrackerAnswer): Uint8Array {
  const compact = (wanted: 4 | 6) =>
    Uint8Array.from(answer.peers.filter((peer) => family(peer) === wanted).flatMap((peer) => [...encodeCompact(peer)]));
  const { complete, incomplete, intervalS } = answer;
  const peers6 = compact(6);
  return encode({ interval: intervalS, complete, incomplete, peers: compact(4), ...(peers6.length > 0 ? { peers6 } : {}) });
}

function failure(reason: string): { status: number; body: Uint8Array } {
  return { status: 200, body: encode({ 'failure reason': reason }) };
}

/** Names and values; values are Latin-1 text, one character a byte. */
function parseQuery(query: string): [string, string][] {
  return query
    .split('&')
    .map((pair) => pair.split('=', 2))
    .map(([name = '', value = '']) => [
      name,
      value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    ]);
}

const EVENTS: readonly string[] = ['started', 'stopped', 'completed'] satisfies Announce['event'][];

function readAnnounce(fields: ReadonlyMap<string, string>, from: Endpoint): Announce | undefined {
  const hash = fields.get('info_hash') ?? '';
  const port = Number(fields.get('port'));
  const left = Number(fields.get('left') ?? 0);
  if (hash.length !== 20 || !Number.isInteger(port) || port < 1 || port > 65_535 || !(left >= 0)) return undefined;
  const event = fields.get('event') ?? '';
  return {
    infoHash: latin1Hex(hash),
    endpoint: { address: from.address, port },
    left,
    event: EVENTS.includes(event) ? (event as Announce['event']) : 'none',
    wanted: Math.max(0, Number(fields.get('numwant') ?? DEFAULT_WANTED) || 0),
  };
}

function latin1Hex(text: string): string {
  return toHex(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

function hexLatin1(hex: string): string {
  return hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}
