// DHT nodes without budgets, and the packets they exchange: made once, so that bare sockets can send the same bytes.
import type { AnswerLimits } from '@swarmscope/bittorrent/dht/answer-budget.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Query } from '@swarmscope/bittorrent/krpc/message.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import { KrpcWriter } from '@swarmscope/bittorrent/krpc/writer.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { sure } from './measure.ts';

/** A packet whose transaction id, `size` bytes of it, stands at `at`. */
export interface Template {
  readonly hex: string;
  readonly at: number;
  readonly size: number;
}

const NEVER = 1e9;
/** So many that a table is as full as after some days in the DHT: `bittorrent-dht` keeps 210 of them, as it does there. */
export const TABLE_NODES = 20_000;
const INFO_HASHES = 200;
const ASKER: Endpoint = { address: '127.0.0.2', port: 6_881 };
/** An infohash that the answering node has peers of. */
export const KNOWN = randomBytes(seededRandom(9), 20);

const NO_LIMIT: AnswerLimits = { hostPerSecond: NEVER, hostBurst: NEVER, perSecond: NEVER };

/** No budget holds it back, unless it is given one for its answers. */
export function freeNode(seed: number, answers: Partial<AnswerLimits> = NO_LIMIT): DhtNode {
  const random = seededRandom(seed);
  return new DhtNode({
    family: 4,
    id: randomBytes(random, 20),
    random,
    admits: () => true,
    caps: { perHost: NEVER, perPrefix: NEVER },
    pace: { hostIntervalMs: 0, hostBurst: NEVER, packetsPerSecond: NEVER, flowsPerMinute: NEVER },
    answers,
  });
}

/** A node with a table, and with infohashes that were announced to it as the protocol wants it. */
export function answeringNode(now: number): DhtNode {
  const node = freeNode(3);
  const random = seededRandom(7);
  for (let i = 0; i < TABLE_NODES; i += 1)
    node.table.verified(randomBytes(random, 20), { address: `127.1.${i >> 8}.${i & 255}`, port: 6_881 }, now);
  const writer = speaker();
  const view = new KrpcView();
  const infoHashes = [KNOWN, ...Array.from({ length: INFO_HASHES - 1 }, () => randomBytes(random, 20))];
  for (const target of infoHashes) {
    const asked = replyOf(node, writer.query({ method: 'get_peers', target }, 1), now);
    sure(view.parse(asked) === undefined && view.tokenAt >= 0, 'get_peers is answered with a token');
    const token = view.copy(view.tokenAt, view.tokenLength);
    const announce = { method: 'announce_peer', target, token, port: 6_881, impliedPort: false, seed: true } as const;
    sure(
      view.parse(replyOf(node, writer.query(announce, 2), now)) === undefined && view.kind === 'reply',
      'an announce is taken',
    );
  }
  return node;
}

function speaker(): KrpcWriter {
  return new KrpcWriter({ id: randomBytes(seededRandom(8), 20), version: Uint8Array.of(0x42, 0x4e, 0, 0), readOnly: false });
}

/** The one reply to a query. */
function replyOf(node: DhtNode, query: Uint8Array, now: number): Uint8Array {
  const sent: Uint8Array[] = [];
  node.receive(query, ASKER, now, { send: (bytes) => void sent.push(bytes.slice()), emit: () => {} });
  const reply = sent.find((bytes) => bytes[bytes.length - 2] === 0x72);
  sure(reply !== undefined, 'a query is answered');
  return reply!;
}

export function queryTemplate(query: Query): Template {
  return template(speaker().query(query, 0));
}

/** What our node answers to it. */
export function replyTemplate(query: Template, now: number): Template {
  return template(replyOf(answeringNode(now), Buffer.from(query.hex, 'hex'), now));
}

/** Finds the transaction id: the last `1:t4:` or `1:t2:` stands in front of it. */
function template(bytes: Uint8Array): Template {
  const buffer = Buffer.from(bytes);
  const at = buffer.lastIndexOf('1:t4:') + 5;
  sure(at > 4, 'a packet has a transaction id of 4 bytes');
  return { hex: buffer.toString('hex'), at, size: 4 };
}

/** The packet with a transaction id of 2 bytes, as `bittorrent-dht` wants it. */
export function shortened(packet: Template): Template {
  const bytes = Buffer.from(packet.hex, 'hex');
  const head = bytes.subarray(0, packet.at - 2);
  const hex = Buffer.concat([head, Buffer.from('2:'), bytes.subarray(packet.at + 2)]).toString('hex');
  return { hex, at: packet.at, size: 2 };
}
