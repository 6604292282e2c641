// The DHT on real sockets: asking and answering, beside bare dgram sockets that exchange the same packets and beside `bittorrent-dht`.
import type { Query } from '@swarmscope/bittorrent/krpc/message.ts';
import bencode from 'bencode';
import { type Running, rateWhile, startActor, withActors } from './actor.ts';
import type { Entry } from './entry.ts';
import { compared, type Figure } from './figure.ts';
import { junk } from './junk.ts';
import { inTurnsOf } from './measure.ts';
import { KNOWN, queryTemplate, replyTemplate, shortened, TABLE_NODES, type Template } from './packets.ts';

const WINDOW = 64;
const ROUNDS = 9;
/** Until what is measured is compiled, on a busy machine too. */
const WARM_MS = 2_000;
const ROUND_MS = 350;
const UNIT = '1/CPU s';
const NOW = 1_000;

const find: Query = { method: 'find_node', target: KNOWN };

/** An actor whose port the others need. */
const start = (name: string, options: object = {}) => startActor<number>('udp', name, options);

/** The query as `bittorrent-dht` writes it: where its transaction id stands. */
function foreignQuery(): Template {
  const id = Buffer.alloc(20);
  const bytes = Buffer.from(bencode.encode({ t: Buffer.alloc(2), y: 'q', q: 'find_node', a: { id, target: id } }));
  return { hex: bytes.toString('hex'), at: bytes.lastIndexOf('1:t2:') + 5, size: 2 };
}

async function issue(): Promise<Figure[]> {
  const query = queryTemplate(find);
  const reply = replyTemplate(query, NOW);
  const answerer = await start('bareAnswerer', { reply, query, naps: true });
  const shortAnswerer = await start('bareAnswerer', { reply: shortened(reply), query: foreignQuery(), naps: true });
  const bare = await start('bareAsker', { port: answerer.ready, window: WINDOW, query });
  const ours = await start('nodeAsker', { port: answerer.ready, window: WINDOW });
  const foreign = await start('foreignAsker', { port: shortAnswerer.ready, window: WINDOW });
  const self = (asker: Running<number>) => () => rateWhile(asker, asker, ROUND_MS);
  const rates = await withActors([answerer, shortAnswerer, bare, ours, foreign], async () => {
    for (const asker of [ours, bare, foreign]) await rateWhile(asker, asker, WARM_MS);
    const takes = { ours: self(ours), bare: self(bare), foreign: self(foreign) };
    return inTurnsOf(ROUNDS, takes);
  });
  return [
    compared({ name: 'dht_find_node_issue', unit: UNIT, goal: 0.6 }, rates.ours, rates.bare),
    compared({ name: 'dht_find_node_issue_vs_bittorrent_dht', unit: UNIT, goal: 2 }, rates.ours, rates.foreign),
  ];
}

async function answerRate(asker: Running<number>, answerer: Running<number>): Promise<number> {
  return rateWhile(asker, answerer, ROUND_MS);
}

/** Rounds of two answerers in turns, each with its asker, after a warm-up of both. */
async function inTurnsWith(
  ours: readonly [Running<number>, Running<number>],
  other: readonly [Running<number>, Running<number>],
) {
  return withActors([...ours, ...other], async () => {
    for (const [asker, answerer] of [ours, other]) await rateWhile(asker, answerer, WARM_MS);
    return inTurnsOf(ROUNDS, { ours: () => answerRate(...ours), other: () => answerRate(...other) });
  });
}

async function answer(name: string, query: Query, goal: number): Promise<Figure> {
  const asked = queryTemplate(query);
  const ours = await start('nodeAnswerer');
  const bare = await start('bareAnswerer', { reply: replyTemplate(asked, NOW), query: asked });
  const askOurs = await start('bareAsker', { port: ours.ready, window: WINDOW, query: asked, naps: true });
  const askBare = await start('bareAsker', { port: bare.ready, window: WINDOW, query: asked, naps: true });
  const rates = await inTurnsWith([askOurs, ours], [askBare, bare]);
  return compared({ name, unit: UNIT, goal }, rates.ours, rates.other);
}

async function answerBesideForeign(): Promise<Figure> {
  const query = queryTemplate(find);
  const ours = await start('nodeAnswerer');
  const foreign = await start('foreignAnswerer', { nodes: TABLE_NODES });
  const askOurs = await start('bareAsker', { port: ours.ready, window: WINDOW, query, naps: true });
  const askForeign = await start('bareAsker', { port: foreign.ready, window: WINDOW, query, naps: true });
  const rates = await inTurnsWith([askOurs, ours], [askForeign, foreign]);
  return compared({ name: 'dht_answer_find_node_vs_bittorrent_dht', unit: UNIT, goal: 8 }, rates.ours, rates.other);
}

/** Queries above the budget, beside a socket that does nothing with what it receives: CPU time of one datagram. */
async function refuse(): Promise<Figure> {
  const query = queryTemplate(find);
  const ours = await start('nodeRefuser');
  const bare = await start('bareReceiver');
  const floodOurs = await start('bareFlooder', { port: ours.ready, query });
  const floodBare = await start('bareFlooder', { port: bare.ready, query });
  const rates = await inTurnsWith([floodOurs, ours], [floodBare, bare]);
  const micros = (rate: number) => 1e6 / rate;
  const plan = { name: 'dht_refuse', unit: 'CPU us', goal: 1.3, direction: 'max' } as const;
  return compared(plan, rates.ours.map(micros), rates.other.map(micros));
}

export const dht: readonly Entry[] = [
  { name: 'dht_issue', title: 'find_node asked and processed, beside bare dgram and bittorrent-dht', run: issue },
  {
    name: 'dht_answer',
    title: 'queries answered, beside bare dgram of the same packet sizes and bittorrent-dht',
    run: async () => [
      await answer('dht_answer_ping', { method: 'ping' }, 0.65),
      await answer('dht_answer_find_node', find, 0.5),
      await answer('dht_answer_get_peers', { method: 'get_peers', target: KNOWN }, 0.45),
      await answer('dht_answer_sample_infohashes', { method: 'sample_infohashes', target: KNOWN }, 0.45),
      await answerBesideForeign(),
    ],
  },
  {
    name: 'dht_refuse',
    title: 'queries refused because the budget is used up, beside a bare socket that only receives',
    run: async () => [await refuse()],
  },
  ...junk,
];
