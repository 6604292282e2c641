// All events, each defined once: the only contract between services.
import { crawlSampled, dhtNodeSeen, infohashSighted } from './definitions/dht.ts';
import { peerProbed, swarmSampled } from './definitions/probe.ts';
import { alertChanged, serviceSampled } from './definitions/service.ts';
import { probeState, torrentWatched } from './definitions/state.ts';
import { peerSighted, torrentResolved, trackerScraped, webseedAudited } from './definitions/torrent.ts';

export const definitions = {
  dht_node_seen: dhtNodeSeen,
  infohash_sighted: infohashSighted,
  torrent_resolved: torrentResolved,
  peer_sighted: peerSighted,
  peer_probed: peerProbed,
  swarm_sampled: swarmSampled,
  tracker_scraped: trackerScraped,
  webseed_audited: webseedAudited,
  torrent_watched: torrentWatched,
  probe_state: probeState,
  crawl_sampled: crawlSampled,
  service_sampled: serviceSampled,
  alert_changed: alertChanged,
} as const;

export type Topic = keyof typeof definitions;
export const TOPICS = Object.keys(definitions) as Topic[];

export function isTopic(name: string): name is Topic {
  return Object.hasOwn(definitions, name);
}
