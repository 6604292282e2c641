// Junk in DHT datagrams: what the fuzz suite makes of valid ones, by the reason it is refused for, beside the valid ones themselves.
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import fc from 'fast-check';
import { mutated } from '../fuzz/mutation.ts';
import { KRPC_VECTORS } from '../vectors/krpc.ts';
import type { Entry } from './entry.ts';
import { compared, type Figure } from './figure.ts';
import { inTurns, sure } from './measure.ts';
import { freeNode } from './packets.ts';

const FROM = { address: '127.0.0.2', port: 6_881 };
const SAMPLES = 20_000;
const SEED = 20_261_124;
/** There are many kinds. */
const ROUND_MS = 60;
/** Of each reason, so that all are measured alike. */
const MOST_OF_A_KIND = 256;

const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

/** Datagrams by what makes them junk: the reason for which they are refused, or that nobody asked for them. */
function junkOf(valid: readonly Uint8Array[]): Map<string, Uint8Array[]> {
  const view = new KrpcView();
  const kinds = new Map<string, Uint8Array[]>();
  for (const bytes of fc.sample(mutated(valid), { numRuns: SAMPLES, seed: SEED })) {
    const kind = view.parse(bytes) ?? (view.kind === 'query' ? undefined : 'unasked');
    if (kind === undefined) continue;
    const found = kinds.get(kind) ?? [];
    if (found.length < MOST_OF_A_KIND) kinds.set(kind, [...found, bytes]);
  }
  return kinds;
}

/** As long as a datagram may be that is read, and with as much to read in it as it has room for. */
const LONG_JUNK: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ['long_keys', [latin1(`d${'0:'.repeat(4_000)}e`)]],
  ['long_integers', [latin1(`d1:xl${'i0e'.repeat(2_700)}ee`)]],
  ['long_lists', [latin1(`d1:xl${'le'.repeat(4_000)}ee`)]],
  ['long_families', [latin1(`d1:ad4:wantl${'0:'.repeat(4_000)}eee`)]],
  ['long_nesting', [latin1(`d1:x${'l'.repeat(8_000)}`)]],
  ['long_values', [latin1(`d1:rd6:valuesl${'6:abcdef'.repeat(1_000)}`)]],
];

/** Gives a node one after the other, again and again. */
function received(node: DhtNode, datagrams: readonly Uint8Array[]): () => void {
  const out = { send: () => {}, emit: () => {} };
  let [now, next] = [1_000, 0];
  return () => {
    now += 0.02;
    next = (next + 1) % datagrams.length;
    node.receive(datagrams[next]!, FROM, now, out);
  };
}

/** Each kind beside the valid datagrams that the junk is made of: CPU time of one, in the node. */
async function floods(): Promise<Figure[]> {
  const valid = KRPC_VECTORS.filter(({ refused }) => refused === undefined).map(({ text }) => latin1(text));
  const fuzzed = junkOf(valid);
  sure(fuzzed.size >= 8, 'the fuzz suite makes junk of many kinds');
  return [...fuzzed, ...LONG_JUNK].map(([kind, datagrams]) => {
    const node = { junk: freeNode(5), valid: freeNode(5) };
    const rounds = inTurns(received(node.junk, datagrams), received(node.valid, valid), ROUND_MS);
    sure(node.junk.counters.malformed + node.junk.counters.unasked > 0, 'junk is taken for junk');
    const micros = (rate: number) => 1e6 / rate;
    const plan = { name: `dht_junk_${kind}`, unit: 'CPU us', goal: 2, direction: 'max' } as const;
    return compared(plan, rounds.ours.map(micros), rounds.baseline.map(micros));
  });
}

export const junk: readonly Entry[] = [
  {
    name: 'dht_junk',
    title: 'datagrams that are no KRPC, or answers to nothing, beside valid ones of the fuzz suite',
    run: floods,
  },
];
