// Watches one host's packets and counts what a good citizen never does: too fast, too soon, to a bogon, to who opted out. Beside it: what it was told.
import { decode, type Value } from '@swarmscope/bittorrent/bencode.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Observer, Packet } from './world.ts';

export interface Violations {
  rate: number;
  interval: number;
  bogon: number;
  optOut: number;
}

/** The rule: one query a second to an address, four at once. Arithmetic on fractions of milliseconds is forgiven. */
const PER_SECOND = 1;
const BURST = 4;
const FORGIVEN = 1e-6;
const LONGEST_INTERVAL_S = 21_600;

interface Pace {
  tokens: number;
  atMs: number;
}

export interface RefereeOptions {
  readonly watched: Endpoint;
  isBogon(endpoint: Endpoint): boolean;
  readonly optedOut?: ReadonlySet<string>;
  /** Whose samples count as revealed: the truthful. */
  isTruthful(endpoint: Endpoint): boolean;
}

export class Referee implements Observer {
  readonly violations: Violations = { rate: 0, interval: 0, bogon: 0, optOut: 0 };
  queries = 0;
  /** Queries by method. */
  readonly methods = new Map<string, number>(); // bound: the methods of the DHT
  /** Infohashes that truthful nodes' samples told the watched host, as hex. */
  readonly revealed = new Set<string>(); // bound: infohashes of the scenario
  readonly #options: RefereeOptions;
  readonly #watched: string;
  readonly #paces = new Map<string, Pace>(); // bound: addresses of the scenario
  readonly #sampleAfterMs = new Map<string, number>(); // bound: nodes of the scenario

  constructor(options: RefereeOptions) {
    this.#options = options;
    this.#watched = endpointKey(options.watched);
  }

  sent(packet: Packet, now: number): void {
    if (endpointKey(packet.from) !== this.#watched) return;
    if (this.#options.isBogon(packet.to)) this.violations.bogon++;
    if (this.#options.optedOut?.has(packet.to.address)) this.violations.optOut++;
    const message = decode(packet.bytes);
    if (!(message instanceof Map) || text(message.get('y')) !== 'q') return;
    const method = text(message.get('q'));
    this.queries++;
    this.methods.set(method, (this.methods.get(method) ?? 0) + 1);
    if (!this.#mayAsk(packet.to.address, now)) this.violations.rate++;
    if (method === 'sample_infohashes' && now < (this.#sampleAfterMs.get(endpointKey(packet.to)) ?? 0))
      this.violations.interval++;
  }

  arrived(packet: Packet, now: number): void {
    if (endpointKey(packet.to) !== this.#watched || !this.#options.isTruthful(packet.from)) return;
    const message = decode(packet.bytes);
    const reply = message instanceof Map ? message.get('r') : undefined;
    const samples = reply instanceof Map ? reply.get('samples') : undefined;
    if (!(reply instanceof Map) || !(samples instanceof Uint8Array)) return;
    for (let at = 0; at + 20 <= samples.length; at += 20) this.revealed.add(toHex(samples.subarray(at, at + 20)));
    const interval = reply.get('interval');
    if (typeof interval === 'number' && interval > 0 && interval <= LONGEST_INTERVAL_S) {
      this.#sampleAfterMs.set(endpointKey(packet.from), now + 1_000 * interval);
    }
  }

  #mayAsk(address: string, now: number): boolean {
    const pace = this.#paces.get(address) ?? { tokens: BURST, atMs: now };
    this.#paces.set(address, pace);
    pace.tokens = Math.min(BURST, pace.tokens + ((now - pace.atMs) / 1_000) * PER_SECOND);
    pace.atMs = now;
    pace.tokens -= 1;
    if (pace.tokens >= -FORGIVEN) return true;
    pace.tokens = 0;
    return false;
  }
}

function text(value: Value | undefined): string {
  return value instanceof Uint8Array ? String.fromCharCode(...value.subarray(0, 32)) : '';
}
