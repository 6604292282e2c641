// Whatever a tracker sends, in a body or a datagram, is answered with a value, and bounded.
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { decodeAnnounce, decodeScrape } from '@swarmscope/bittorrent/tracker/http.ts';
import { type UdpTrackerFact, UdpTrackers } from '@swarmscope/bittorrent/tracker/udp.ts';
import { decodeUdpAnswer } from '@swarmscope/bittorrent/tracker/udp-messages.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HASH, HTTP_VECTORS, UDP_VECTORS } from '../vectors/tracker.ts';
import { mutated } from './mutation.ts';

const RUNS = {
  numRuns: Number(process.env['SWARMSCOPE_FUZZ_RUNS'] ?? 2_000),
  seed: Number(process.env['SWARMSCOPE_FUZZ_SEED'] ?? 20_261_124),
};
const bodies = HTTP_VECTORS.map((vector) => Buffer.from(vector.body, 'latin1'));
const datagrams = UDP_VECTORS.map((vector) => Buffer.from(vector.hex, 'hex'));

const isUsable = ({ port }: Endpoint) => port > 0 && port <= 65_535;

test('bodies of announces', () => {
  fc.assert(
    fc.property(mutated(bodies), (bytes) => {
      const answer = decodeAnnounce(bytes);
      if (!(answer instanceof Malformed) && answer.kind === 'announce') expect(answer.peers.every(isUsable)).toBe(true);
    }),
    RUNS,
  );
});

test('bodies of scrapes', () => {
  const hashes = [Buffer.from(HASH)];
  fc.assert(
    fc.property(mutated(bodies), (bytes) => {
      const answer = decodeScrape(bytes, hashes);
      if (!(answer instanceof Malformed) && answer.kind === 'scrape') expect(answer.counts).toHaveLength(1);
    }),
    RUNS,
  );
});

test('datagrams', () => {
  const asked = fc.constantFrom('connect', 'announce', 'scrape' as const);
  fc.assert(
    fc.property(mutated(datagrams), asked, fc.constantFrom(4, 6), (bytes, action, family) => {
      const answer = decodeUdpAnswer(bytes, action as 'scrape', family as 4, 3);
      if (!(answer instanceof Malformed) && answer.kind === 'announce') expect(answer.peers.every(isUsable)).toBe(true);
    }),
    RUNS,
  );
});

test('a client ends every request once, whatever comes with the right transaction', () => {
  const to = { address: '127.0.0.7', port: 1 };
  fc.assert(
    fc.property(fc.array(mutated(datagrams), { maxLength: 12 }), (answers) => {
      const client = new UdpTrackers({ random: seededRandom(5) });
      const facts: UdpTrackerFact[] = [];
      let transaction = new Uint8Array(4);
      const out = {
        send: (bytes: Uint8Array) => {
          transaction = bytes.slice(12, 16);
        },
        emit: (fact: UdpTrackerFact) => facts.push(fact),
      };
      const tag = client.scrape(to, [Buffer.from(HASH)], 0, out);
      for (const answer of answers) {
        const bytes = answer.slice();
        if (bytes.length >= 8) bytes.set(transaction, 4);
        client.receive(bytes, to, 1, out);
      }
      while (client.deadline() < Number.POSITIVE_INFINITY) client.tick(client.deadline(), out);
      expect(facts.map((fact) => fact.tag)).toEqual([tag]);
      expect(client.pending).toBe(0);
    }),
    RUNS,
  );
});
