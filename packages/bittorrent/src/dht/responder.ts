// Answers to queries (BEP 5, 32, 33, 42, 43, 51). BEP 44 is answered 204: we keep no items. No reply to an unverified asker is above five times the query.
import { encodeCompact, type Family } from '../endpoint.ts';
import type { Fields } from '../krpc/fields.ts';
import { ERROR_CODES, NODE_BYTES, NODE6_BYTES, type Reply } from '../krpc/message.ts';
import type { KrpcWriter } from '../krpc/writer.ts';
import type { Endpoint } from '../machine.ts';
import type { PeerStore } from './peer-store.ts';
import type { RoutingTable } from './table.ts';
import type { Tokens } from './tokens.ts';

/** What fits a datagram on any path, headers taken off. */
const MAX_REPLY_BYTES = 1_400;
/** Design section 6: the most that a query may be multiplied by, for who may have forged his address. */
const AMPLIFICATION = 5;
const MAX_SAMPLES = 20;
/** More than libtorrent's 100 helps nobody: it has to fit a datagram. */
const MAX_VALUES = 100;
/** Bytes of a reply beside nodes, values, samples and filters: keys, ids, token, version, our asker's address, the echoed transaction. */
const FRAME_BYTES = 150;

export interface ResponderParts {
  readonly family: Family;
  readonly writer: KrpcWriter;
  readonly table: RoutingTable;
  /** The table of the other family, for askers that want both (BEP 32). */
  readonly otherTable: () => RoutingTable | undefined;
  readonly store: PeerStore;
  readonly tokens: Tokens;
  readonly sampleIntervalS: number;
  readonly keeps?: (infoHash: Uint8Array) => boolean;
}

export class Responder {
  readonly #parts: ResponderParts;
  /** Nodes of one answer of each family. */
  readonly #scratch = { 4: new Uint8Array(8 * NODE_BYTES), 6: new Uint8Array(8 * NODE6_BYTES) };

  constructor(parts: ResponderParts) {
    this.#parts = parts;
  }

  /** The answer to a well-formed query. `verified`: the asker is known to live at its address. Valid until the next call. */
  answer(query: Fields, from: Endpoint, verified: boolean, now: number): Uint8Array {
    const room = Math.min(MAX_REPLY_BYTES, verified ? MAX_REPLY_BYTES : AMPLIFICATION * query.bytes.length);
    switch (query.method) {
      case 'ping':
        return this.#reply({}, query, from);
      case 'find_node':
        return this.#reply(this.#nodes(query, room - FRAME_BYTES), query, from);
      case 'get_peers':
        return this.#reply(this.#peers(query, from, room - FRAME_BYTES, verified, now), query, from);
      case 'sample_infohashes':
        return this.#reply(this.#samples(query, room - FRAME_BYTES, now), query, from);
      case 'announce_peer':
        return this.#announce(query, from, now);
      default:
        return this.refuse(query, ERROR_CODES.unknownMethod, 'Method Unknown');
    }
  }

  /** An error reply that echoes the transaction. */
  refuse(query: Fields, code: number, text: string): Uint8Array {
    return this.#parts.writer.error(code, text, query.bytes, query.transactionAt, query.transactionLength);
  }

  #reply(reply: Reply, query: Fields, from: Endpoint): Uint8Array {
    const { bytes, transactionAt, transactionLength } = query;
    return this.#parts.writer.reply(reply, bytes, transactionAt, transactionLength, encodeCompact(from));
  }

  /** The 8 closest of the families that the asker wants; what does not fit is left out. */
  #nodes(query: Fields, room: number): { nodes: Uint8Array | undefined; nodes6: Uint8Array | undefined } {
    const { family } = this.#parts;
    const wants = (asked: Family) =>
      query.wants4 || query.wants6 ? (asked === 4 ? query.wants4 : query.wants6) : asked === family;
    const target = query.bytes.subarray(query.targetAt, query.targetAt + 20);
    const nodes = wants(4) ? this.#closest(4, target, room) : undefined;
    const nodes6 = wants(6) ? this.#closest(6, target, room - (nodes?.length ?? 0)) : undefined;
    return { nodes, nodes6 };
  }

  #closest(family: Family, target: Uint8Array, room: number): Uint8Array {
    const table = family === this.#parts.family ? this.#parts.table : this.#parts.otherTable();
    const size = family === 4 ? NODE_BYTES : NODE6_BYTES;
    const nodes = table?.closest(target, 8) ?? [];
    const count = Math.max(0, Math.min(nodes.length, Math.floor(room / size)));
    const bytes = this.#scratch[family];
    for (let i = 0; i < count; i++) {
      const { compact } = nodes[i]!;
      for (let j = 0; j < size; j++) bytes[i * size + j] = compact[j]!;
    }
    return bytes.subarray(0, count * size);
  }

  #peers(query: Fields, from: Endpoint, room: number, verified: boolean, now: number): Reply {
    const { family, store, tokens } = this.#parts;
    const infoHash = query.bytes.subarray(query.targetAt, query.targetAt + 20);
    const { nodes, nodes6 } = this.#nodes(query, room);
    const token = tokens.make(from.address, now);
    let left = room - (nodes?.length ?? 0) - (nodes6?.length ?? 0) - token.length;
    const filters = query.scrape && verified && left >= 540 ? store.filters(infoHash, now) : undefined;
    if (filters) left -= 540;
    const valueSize = family === 4 ? 6 : 18;
    const max = Math.min(MAX_VALUES, Math.floor(left / (valueSize + 3)));
    const values = store.values(infoHash, max, query.noSeed, now);
    return { nodes, nodes6, token, values, valueSize, seeds: filters?.seeds, downloaders: filters?.downloaders };
  }

  #samples(query: Fields, room: number, now: number): Reply {
    const { store, sampleIntervalS } = this.#parts;
    const { nodes, nodes6 } = this.#nodes(query, room);
    const left = room - (nodes?.length ?? 0) - (nodes6?.length ?? 0) - 30;
    const samples = store.samples(Math.max(0, Math.min(MAX_SAMPLES, Math.floor(left / 20))), now);
    return { nodes, nodes6, samples, num: store.size, intervalS: sampleIntervalS };
  }

  #announce(query: Fields, from: Endpoint, now: number): Uint8Array {
    const { store, tokens, keeps } = this.#parts;
    const token = query.bytes.subarray(query.tokenAt, query.tokenAt + query.tokenLength);
    if (!tokens.accepts(token, from.address, now)) return this.refuse(query, ERROR_CODES.protocol, 'Bad Token');
    const infoHash = query.copy(query.targetAt);
    if (keeps && !keeps(infoHash)) return this.refuse(query, ERROR_CODES.generic, 'Not Kept');
    store.announce(infoHash, announcedEndpoint(query, from), query.seed, now);
    return this.#reply({}, query, from);
  }
}

/** Where an announcing peer says it listens. */
export function announcedEndpoint(query: Fields, from: Endpoint): Endpoint {
  return { address: from.address, port: query.impliedPort ? from.port : query.port };
}
