// State topics: the newest event of a key is the state of it, and stays (compacted).
import { flag, hex, instant, list, nullable, numbers, records, text, texts, uint32, word } from '../column.ts';
import { define } from '../definition.ts';
import { MAINTENANCE_MAX, SCORES_MAX } from '../lists.ts';

const swarmId = hex(20, 'The swarm: v1 infohash, else the truncated v2 one.');

export const torrentWatched = define({
  topic: 'torrent_watched',
  version: 2,
  key: 'swarm_id',
  volume: 'state',
  order: ['swarm_id', 'ts'],
  retentionDays: 0,
  meaning: 'An entry of the watch list, whole: the newest one of a swarm is what counts.',
  columns: {
    swarm_id: swarmId,
    info_hash: nullable(hex(20, 'The infohash as the watch list names it.')),
    info_hash_v2: nullable(hex(32, 'Full v2 infohash, where the entry has it.')),
    name: nullable(text('Display name from the entry.', 1024)),
    set: flag('1: watched. 0: no more.'),
    labels: texts(64, 'Labels of the entry.'),
    objectives: numbers(64, 'Numeric objectives, for instance `min_proved_seeders`.'),
    verify: flag('Its pieces may be requested.'),
    announce: flag('We may announce ourselves in it.'),
    prefixes_excluded: list(
      text('network.', 64),
      256,
      "The publisher's own networks (CIDR), left out of the `_outside` figures.",
    ),
    maintenance: records(
      { begins_s: uint32('first second, from 1970.', 's'), ends_s: uint32('last second, from 1970.', 's') },
      MAINTENANCE_MAX,
      'Windows in which alerts say nothing about it.',
    ),
  },
  upcasts: { 1: (columns) => ({ ...columns, maintenance: [] }) },
});

export const probeState = define({
  topic: 'probe_state',
  version: 1,
  key: 'swarm_id',
  volume: 'state',
  order: ['swarm_id', 'ts'],
  retentionDays: 30,
  meaning: 'What a prober knows of a swarm that it owns, so that another one can take over.',
  columns: {
    swarm_id: swarmId,
    next_due: instant('When the next census is due.'),
    last_outcome: nullable(word('How the last census ended.')),
    backoff_s: uint32('Present distance between censuses.', 's'),
    censuses: uint32('Censuses done.'),
    key_epoch: uint32('Which period of the pseudonym key the scores belong to.'),
    scores: records(
      {
        peer_key: hex(8, 'pseudonym of the peer.'),
        challenges_passed: uint32('passed so far.'),
        challenges_failed: uint32('failed so far.'),
        challenges_silent: uint32('unanswered so far.'),
      },
      SCORES_MAX,
      'Challenge scores per peer, best known first.',
    ),
    scores_total: uint32('Number of all scores, also those not listed.'),
  },
});
