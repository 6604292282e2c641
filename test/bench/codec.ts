// Codecs: bencode and KRPC beside the npm package `bencode` on the same bytes.
import { decode, encode } from '@swarmscope/bittorrent/bencode.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import { KrpcWriter } from '@swarmscope/bittorrent/krpc/writer.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import bencode from 'bencode';
import { rateWhile, startActor, withActors } from './actor.ts';
import type { Entry } from './entry.ts';
import { compared, type Figure } from './figure.ts';
import { inTurns, inTurnsOf, keep, rateOf, sure } from './measure.ts';
import { queryTemplate, replyTemplate } from './packets.ts';

const UNIT = '1/CPU s';
const random = seededRandom(20);
const bytes = (length: number) => Buffer.from(randomBytes(random, length));

const NODES_REPLY = bencode.encode({
  ip: bytes(6),
  r: { id: bytes(20), nodes: bytes(26 * 8) },
  t: bytes(4),
  v: bytes(4),
  y: 'r',
});
const VALUES_REPLY = bencode.encode({
  ip: bytes(6),
  r: { id: bytes(20), token: bytes(8), values: Array.from({ length: 50 }, () => bytes(6)) },
  t: bytes(4),
  v: bytes(4),
  y: 'r',
});
/** An info dictionary of 100 files and 1 000 pieces. */
const INFO = {
  files: Array.from({ length: 100 }, (_, i) => ({ length: 1_000_000 + i, path: ['folder', `file number ${i}.bin`] })),
  name: 'a torrent of the benchmark',
  'piece length': 262_144,
  pieces: bytes(20_000),
};
const INFO_BYTES = bencode.encode(INFO);
const QUERY = { id: bytes(20), target: bytes(20) };

/** Every field of a reply, and every endpoint as numbers: what a crawler needs to decide whether a node is new. */
function readAll(view: KrpcView, packet: Uint8Array): number {
  if (view.parse(packet) !== undefined) return -1;
  let sum = view.transactionNumber();
  for (let i = 0; i < view.nodesCount; i += 1) sum += endpointAt(packet, view.nodesAt + 26 * i + 20);
  for (let at = view.valuesAt; at >= 0; at = view.nextValue(at)) sum += endpointAt(packet, at);
  return sum;
}

function endpointAt(bytes: Uint8Array, at: number): number {
  const address = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  return address * 65_536 + ((bytes[at + 4]! << 8) | bytes[at + 5]!);
}

/** The same as objects with addresses as text: what is left when each is wanted as an endpoint. */
function readEndpoints(view: KrpcView, packet: Uint8Array): number {
  if (view.parse(packet) !== undefined) return -1;
  let sum = view.transactionNumber();
  for (let i = 0; i < view.nodesCount; i += 1) sum += view.contact(i, 4).port;
  for (const { port } of view.valuesCount > 0 ? view.endpoints(4) : []) sum += port;
  return sum;
}

function besideBencode(name: string, packet: Uint8Array, read: typeof readAll, goal: number): Figure {
  const view = new KrpcView();
  sure(read(view, packet) > 0, 'the reply is read');
  const rounds = inTurns(
    () => keep(read(view, packet)),
    () => keep(bencode.decode(packet)),
  );
  return compared({ name, unit: UNIT, goal }, rounds.ours, rounds.baseline);
}

/** How many replies are decoded for each datagram round trip of bare sockets. */
async function besidePingPong(): Promise<Figure[]> {
  const query = queryTemplate({ method: 'ping' });
  const answerer = await startActor<number>('udp', 'bareAnswerer', { reply: replyTemplate(query, 1_000), query, naps: true });
  const asker = await startActor<number>('udp', 'bareAsker', { port: answerer.ready, window: 64, query });
  const view = new KrpcView();
  const decoding = (packet: Uint8Array) => async () => rateOf(() => keep(readAll(view, packet)));
  const rates = await withActors([answerer, asker], () =>
    inTurnsOf(7, { bare: () => rateWhile(asker, asker, 350), nodes: decoding(NODES_REPLY), values: decoding(VALUES_REPLY) }),
  );
  return [
    compared({ name: 'krpc_decode_find_node_vs_ping_pong', unit: UNIT, goal: 40 }, rates.nodes, rates.bare),
    compared({ name: 'krpc_decode_get_peers_vs_ping_pong', unit: UNIT, goal: 14 }, rates.values, rates.bare),
  ];
}

function encodeQuery(): Figure {
  const writer = new KrpcWriter({ id: QUERY.id, version: bytes(4), readOnly: false });
  let transaction = 0;
  const t = Buffer.alloc(4);
  const rounds = inTurns(
    () => {
      transaction = (transaction + 1) >>> 0;
      keep(writer.query({ method: 'find_node', target: QUERY.target }, transaction));
    },
    () => {
      transaction = (transaction + 1) >>> 0;
      t.writeUInt32BE(transaction);
      keep(bencode.encode({ a: QUERY, q: 'find_node', t, v: 'BN00', y: 'q' }));
    },
  );
  return compared({ name: 'krpc_encode_find_node', unit: UNIT, goal: 3 }, rounds.ours, rounds.baseline);
}

export const codec: readonly Entry[] = [
  {
    name: 'bencode',
    title: 'bencode decode and encode of an info dictionary, beside npm bencode',
    run: async () => {
      sure(!(decode(INFO_BYTES) instanceof Malformed), 'the info dictionary is read');
      sure(Buffer.from(encode(INFO)).equals(Buffer.from(INFO_BYTES)), 'both encoders agree');
      const decoded = inTurns(
        () => keep(decode(INFO_BYTES)),
        () => keep(bencode.decode(INFO_BYTES)),
      );
      const encoded = inTurns(
        () => keep(encode(INFO)),
        () => keep(bencode.encode(INFO)),
      );
      return [
        compared({ name: 'bencode_decode_info', unit: UNIT, goal: 1 }, decoded.ours, decoded.baseline),
        compared({ name: 'bencode_encode_info', unit: UNIT, goal: 1 }, encoded.ours, encoded.baseline),
      ];
    },
  },
  {
    name: 'krpc',
    title: 'KRPC decode and encode, beside npm bencode',
    run: async () => [
      besideBencode('krpc_decode_find_node', NODES_REPLY, readAll, 14),
      besideBencode('krpc_decode_get_peers_50', VALUES_REPLY, readAll, 14),
      besideBencode('krpc_decode_find_node_as_endpoints', NODES_REPLY, readEndpoints, 1),
      besideBencode('krpc_decode_get_peers_50_as_endpoints', VALUES_REPLY, readEndpoints, 1),
      encodeQuery(),
    ],
  },
  { name: 'krpc_ping_pong', title: 'KRPC decode per bare datagram round trip of the same run', run: besidePingPong },
];
