// The events of the proof at scale: the n-th is always the same, each can be told from all others in its table, and each fiftieth is none.
import { type Event, makeEvent } from '@swarmscope/events/event.ts';
import { hashOf, keyOf, probed, sighting } from '../../support/events.ts';

/** Where rows end up: a topic of these, or `rejected`. */
export const TABLES = ['peer_probed', 'infohash_sighted', 'tracker_scraped', 'peer_sighted', 'dht_node_seen'] as const;
export type Kind = (typeof TABLES)[number] | 'rejected';

export function kindOf(n: number): Kind {
  return n % 50 === 49 ? 'rejected' : TABLES[n % TABLES.length]!;
}

/** The n-th event; the identity in its table is `n` in the column that tally.ts names. */
export function eventOf(n: number, ts: number): Event {
  const stamp = { ts, instance_id: 'publisher-1', network: 'once' };
  const swarm = hashOf(n % 1_009);
  switch (kindOf(n)) {
    case 'rejected':
      return { ...sighting(n, {}, ts), family: 5 as 4 };
    case 'peer_probed':
      return probed(n % 1_009, { client: `client ${n % 17}`, duration_ms: n }, ts);
    case 'infohash_sighted':
      return sighting(n, {}, ts);
    case 'tracker_scraped': {
      const answer = { seeders: 3, leechers: 1, peers_returned: 4, latency_ms: n };
      const tracker = { tracker: `udp://tracker-${n % 7}.example:6969`, url_hash: keyOf(n % 7) };
      return makeEvent('tracker_scraped', { swarm_id: swarm, ...tracker, action: 'announce', outcome: 'ok', ...answer }, stamp);
    }
    case 'peer_sighted': {
      const peer = { peer_key: keyOf(n), key_epoch: 1, ip_prefix: '127.0.0.0/24', family: 4 } as const;
      return makeEvent('peer_sighted', { swarm_id: swarm, ...peer, source: 'pex', claims_seed: 1 }, stamp);
    }
    case 'dht_node_seen': {
      const node = { node_key: keyOf(n), key_epoch: 1, id_prefix: n % 256, address_key: keyOf(n), ip_prefix: '127.0.0.0/24' };
      return makeEvent('dht_node_seen', { ...node, family: 4, port: 6_881, rtt_ms: 40, verdict: 'ok' }, stamp);
    }
  }
}
