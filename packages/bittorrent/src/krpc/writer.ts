// KRPC encoder (BEP 5, 32, 33, 42, 43, 45, 51): queries, replies and errors into one buffer that is used again and again; keys in sorted order.
import { ID_BYTES, type Query, type Reply } from './message.ts';

/** Who speaks: 20 bytes of id, `v` (4 bytes by custom), and whether we answer queries (BEP 43). */
export interface Speaker {
  readonly id: Uint8Array;
  readonly version: Uint8Array;
  readonly readOnly: boolean;
}

/** Longer than any reply: 1 400 bytes of content at most, and what stands around it. */
const BUFFER_BYTES = 4096;

const ascii = new TextEncoder();
const piece = (text: string) => ascii.encode(text);

const ARGUMENTS = piece('d1:ad2:id20:');
const NODES = piece('5:nodes');
const NODES6 = piece('6:nodes6');
const REPLY_IP = piece('d2:ip');
const REPLY = piece('d');
const RESULTS = piece('1:rd');
const RESULT_ID = piece('2:id20:');
const TRANSACTION = piece('1:t');
const VERSION = piece('1:v');
const END = piece('e');
const QUERY_END = piece('1:y1:qe');
const REPLY_END = piece('1:y1:re');
const ERROR = piece('d1:eli');
const ERROR_END = piece('1:y1:ee');
const READ_ONLY = piece('2:roi1e');
const TARGET = piece('6:target20:');
const INFO_HASH = piece('9:info_hash20:');
const WANT = { n4: piece('4:wantl2:n4e'), n6: piece('4:wantl2:n6e'), both: piece('4:wantl2:n42:n6e') };
const SCRAPE = piece('6:scrapei1e');
const NO_SEED = piece('6:noseedi1e');
const IMPLIED_PORT = piece('12:implied_porti1e');
const PORT = piece('4:porti');
const SEED = piece('4:seedi1e');
const TOKEN = piece('5:token');
const VALUES = piece('6:valuesl');
const VALUE = { 6: piece('6:'), 18: piece('18:') };
const SAMPLES = piece('7:samples');
const INTERVAL = piece('8:intervali');
const NUM = piece('3:numi');
const SEEDS = piece('4:BFsd');
const DOWNLOADERS = piece('4:BFpe');
/** What stands after the arguments: their end and the name of the method. */
const METHOD_OF = {
  ping: piece('e1:q4:ping'),
  find_node: piece('e1:q9:find_node'),
  get_peers: piece('e1:q9:get_peers'),
  announce_peer: piece('e1:q13:announce_peer'),
  sample_infohashes: piece('e1:q17:sample_infohashes'),
};

/** Every method returns a view of the one buffer: valid until the next call. */
export class KrpcWriter {
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #speaker: Speaker;
  #at = 0;

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
  }

  #put(bytes: Uint8Array, start = 0, length = bytes.length): void {
    const at = this.#at;
    const buffer = this.#buffer;
    // A loop is faster than set() for what is mostly shorter than 32 bytes.
    if (length > 48) buffer.set(start === 0 && length === bytes.length ? bytes : bytes.subarray(start, start + length), at);
    else for (let i = 0; i < length; i++) buffer[at + i] = bytes[start + i]!;
    this.#at = at + length;
  }

  #digits(value: number): void {
    let divisor = 1;
    while (value >= divisor * 10) divisor *= 10;
    for (; divisor >= 1; divisor = Math.floor(divisor / 10)) this.#buffer[this.#at++] = 0x30 + (Math.floor(value / divisor) % 10);
  }

  /** A non-negative integer whose `i` is already written. */
  #integer(value: number): void {
    this.#digits(value);
    this.#put(END);
  }

  /** `length:bytes`. */
  #string(bytes: Uint8Array, start = 0, length = bytes.length): void {
    this.#digits(length);
    this.#buffer[this.#at++] = 0x3a;
    this.#put(bytes, start, length);
  }

  #finish(end: Uint8Array): Uint8Array {
    if (this.#speaker.version.length > 0) {
      this.#put(VERSION);
      this.#string(this.#speaker.version);
    }
    this.#put(end);
    return this.#buffer.subarray(0, this.#at);
  }

  /** A question with a transaction id of 4 bytes. */
  query(query: Query, transaction: number): Uint8Array {
    this.#at = 0;
    this.#put(ARGUMENTS);
    this.#put(this.#speaker.id);
    this.#arguments(query);
    this.#put(METHOD_OF[query.method]);
    if (this.#speaker.readOnly) this.#put(READ_ONLY);
    this.#put(TRANSACTION);
    const buffer = this.#buffer;
    buffer[this.#at++] = 0x34;
    buffer[this.#at++] = 0x3a;
    for (let shift = 24; shift >= 0; shift -= 8) buffer[this.#at++] = (transaction >>> shift) & 0xff;
    return this.#finish(QUERY_END);
  }

  #arguments(query: Query): void {
    switch (query.method) {
      case 'ping':
        return;
      case 'announce_peer':
        if (query.impliedPort) this.#put(IMPLIED_PORT);
        this.#put(INFO_HASH);
        this.#put(query.target);
        this.#put(PORT);
        this.#integer(query.port);
        if (query.seed) this.#put(SEED);
        this.#put(TOKEN);
        this.#string(query.token);
        return;
      case 'get_peers':
        this.#put(INFO_HASH);
        this.#put(query.target);
        if (query.noSeed) this.#put(NO_SEED);
        if (query.scrape) this.#put(SCRAPE);
        break;
      default:
        this.#put(TARGET);
        this.#put(query.target);
    }
    if (query.want) this.#put(WANT[query.want]);
  }

  /** An answer. `transaction` is echoed from a range of the query; `ip` is the compact endpoint of the asker (BEP 42), left out when undefined. */
  reply(reply: Reply, query: Uint8Array, transactionAt: number, transactionLength: number, ip?: Uint8Array): Uint8Array {
    this.#at = 0;
    if (ip) {
      this.#put(REPLY_IP);
      this.#string(ip);
    } else this.#put(REPLY);
    this.#put(RESULTS);
    this.#results(reply);
    this.#put(END);
    this.#put(TRANSACTION);
    this.#string(query, transactionAt, transactionLength);
    return this.#finish(REPLY_END);
  }

  #results(reply: Reply): void {
    this.#named(DOWNLOADERS, reply.downloaders);
    this.#named(SEEDS, reply.seeds);
    this.#put(RESULT_ID);
    this.#put(this.#speaker.id, 0, ID_BYTES);
    if (reply.intervalS !== undefined) {
      this.#put(INTERVAL);
      this.#integer(reply.intervalS);
    }
    this.#named(NODES, reply.nodes);
    this.#named(NODES6, reply.nodes6);
    if (reply.num !== undefined) {
      this.#put(NUM);
      this.#integer(reply.num);
    }
    this.#named(SAMPLES, reply.samples);
    this.#named(TOKEN, reply.token);
    if (!reply.values) return;
    const size = reply.valueSize ?? 6;
    this.#put(VALUES);
    for (let at = 0; at < reply.values.length; at += size) {
      this.#put(VALUE[size]);
      this.#put(reply.values, at, size);
    }
    this.#put(END);
  }

  #named(key: Uint8Array, bytes: Uint8Array | undefined): void {
    if (!bytes) return;
    this.#put(key);
    this.#string(bytes);
  }

  /** A refusal: a code of BEP 5 and a few words. */
  error(code: number, text: string, query: Uint8Array, transactionAt: number, transactionLength: number): Uint8Array {
    this.#at = 0;
    this.#put(ERROR);
    this.#integer(code);
    this.#string(piece(text));
    this.#put(END);
    this.#put(TRANSACTION);
    this.#string(query, transactionAt, transactionLength);
    return this.#finish(ERROR_END);
  }
}
