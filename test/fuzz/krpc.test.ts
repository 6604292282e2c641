// Whatever comes in a DHT datagram is read without a throw, inside its bytes, and answered within the amplification rule.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import { MALFORMED_REASONS } from '@swarmscope/bittorrent/malformed.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KRPC_VECTORS } from '../vectors/krpc.ts';
import { mutated } from './mutation.ts';

const RUNS = {
  numRuns: Number(process.env['SWARMSCOPE_FUZZ_RUNS'] ?? 5_000),
  seed: Number(process.env['SWARMSCOPE_FUZZ_SEED'] ?? 20_261_124),
};
const datagrams = KRPC_VECTORS.map((vector) => Uint8Array.from(vector.text, (character) => character.charCodeAt(0)));

/** Every range that a view names, as [start, end). */
function ranges(view: Fields): [number, number][] {
  const found: [number, number][] = [];
  const add = (at: number, length: number) => at >= 0 && found.push([at, at + length]);
  add(view.transactionAt, view.transactionLength);
  add(view.idAt, 20);
  add(view.targetAt, 20);
  add(view.tokenAt, view.tokenLength);
  add(view.nodesAt, 26 * view.nodesCount);
  add(view.nodes6At, 38 * view.nodes6Count);
  add(view.samplesAt, 20 * view.samplesCount);
  add(view.seedsAt, 256);
  add(view.downloadersAt, 256);
  add(view.versionAt, view.versionLength);
  add(view.ipAt, view.ipLength);
  let values = 0;
  for (let at = view.valuesAt; at >= 0; at = view.nextValue(at), values++) add(at, view.valueSize(at));
  expect(values).toBe(view.valuesCount);
  return found;
}

test('the view reads anything, and names only bytes that are there', () => {
  const view = new KrpcView();
  fc.assert(
    fc.property(mutated(datagrams), (bytes) => {
      const reason = view.parse(bytes);
      if (reason !== undefined) expect(MALFORMED_REASONS).toContain(reason);
      else for (const [start, end] of ranges(view)) expect(start >= 0 && end <= bytes.length).toBe(true);
    }),
    RUNS,
  );
});

test('a node takes anything from anybody: no throw, no reply above five times the query, counted by reason', () => {
  const random = seededRandom(3);
  const from = { address: '10.0.0.2', port: 7 };
  const answers = { hostPerSecond: 1e9, hostBurst: 1e9, perSecond: 1e9 };
  fc.assert(
    fc.property(fc.array(mutated(datagrams), { minLength: 1, maxLength: 8 }), (received) => {
      const node = new DhtNode({ family: 4, id: randomBytes(random, 20), random, admits: () => true, answers });
      const facts: DhtFact[] = [];
      let [now, lengthIn] = [0, 0];
      let sent = new Uint8Array(0);
      const out = {
        send: (bytes: Uint8Array) => {
          sent = bytes.slice();
          if (bytes.at(-2) !== 0x71) expect(bytes.length).toBeLessThanOrEqual(Math.max(5 * lengthIn, 160));
        },
        emit: (fact: DhtFact) => facts.push(fact),
      };
      node.bootstrap([from], now, out);
      node.lookup({ target: node.id, kind: 'get_peers', scrape: true }, now, out);
      for (const bytes of received) {
        now += 500;
        lengthIn = bytes.length;
        node.receive(bytes, from, now, out);
        // The same as an answer to the last question, when it has room for the transaction.
        const at = new TextDecoder('latin1').decode(bytes).indexOf('1:t2:aa');
        const transaction = new TextDecoder('latin1').decode(sent).indexOf('1:t4:');
        if (at >= 0 && transaction >= 0) {
          const answer = [...bytes.subarray(0, at), ...sent.subarray(transaction, transaction + 9), ...bytes.subarray(at + 7)];
          node.receive(Uint8Array.from(answer), from, now, out);
        }
        node.tick(now, out);
      }
      node.tick(now + 20_000, out);
      const malformed = facts.filter((fact) => fact.type === 'malformed');
      expect(malformed).toHaveLength(node.counters.malformed);
    }),
    { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 8) },
  );
});
