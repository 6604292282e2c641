// Rows of the benchmark of the store: one INSERT ... SELECT per topic and round, through the real tables and their views, with every stored column.
import type { Topic } from '@swarmscope/events/definitions.ts';
import { tableColumns } from '@swarmscope/events/table.ts';
import { sure } from '../measure.ts';
import { otherRows } from './seed-others.ts';
import {
  CLIENTS,
  ENDPOINTS,
  epochOf,
  hashOf,
  keyOf,
  moment,
  oneOf,
  PARTITIONS,
  peers,
  prefixOf,
  ROUND_MS,
  ROUND_ROWS,
  type Round,
  type Rows,
  SWARMS,
} from './world.ts';

export const NETWORK = 'public';

/** Unreachable ones are half of what there is to dial; proofs are rare. */
const VERDICT = `multiIf(kind < 50, 'unreachable', kind < 75, 'leecher', kind < 82, 'proved', kind < 90, 'claimed', kind < 92, 'choked',
    kind < 93, 'super_seeder', kind < 95, 'partial_seed', kind < 96, 'liar_missing', kind < 97, 'liar_corrupt', 'unknown')`;
const PIECES = '(100 + cityHash64(s) % 4000)';
const MET = 'kind >= 50';
const PROVED = 'kind >= 75 AND kind < 82';

/** What a census finds at each endpoint of every swarm. */
function probed(round: Round): Rows {
  const ifMet = (value: string) => `if(${MET}, ${value}, NULL)`;
  return {
    from: peers(round, `SELECT number FROM numbers_mt(${ROUND_ROWS})`),
    columns: {
      ts: momentOf(round, 'q', ROUND_ROWS / PARTITIONS, 'roll % 60000'),
      swarm_id: hashOf('swarm'),
      census_id: keyOf('census', `s, ${round.number}`, round),
      peer_key: keyOf('peer', 'who', round),
      address_key: keyOf('address', 'who', round),
      key_epoch: String(epochOf(round.startMs)),
      ip_prefix: prefixOf('who'),
      family: 'if(who % 10 = 0, 6, 4)',
      direction: "if(kind >= 50 AND who % 7 = 0, 'in', 'out')",
      transport: "if(who % 3 = 0, 'utp', 'tcp')",
      encryption: "if(kind < 50, 'none', ['none', 'mse_rc4', 'mse_plain', 'none'][1 + who % 4])",
      holepunch: `${MET} AND who % 50 = 0`,
      outcome: `if(${MET}, 'handshaken', ['timeout', 'timeout', 'timeout', 'timeout', 'refused', 'reset', 'unreachable_net', 'timeout'][1 + (who + roll % 2) % 8])`,
      reason: 'NULL',
      client: ifMet(oneOf(CLIENTS, 'intDiv(who, 3)')),
      peer_id_prefix: ifMet(`concat('-', ['qB', 'TR', 'UT', 'DE'][1 + who % 4], toString(4000 + who % 30), '-')`),
      extensions: `if(${MET}, [['ut_metadata', 'ut_pex'], ['lt_donthave', 'ut_holepunch', 'ut_metadata', 'ut_pex'], ['share_mode', 'upload_only', 'ut_holepunch', 'ut_metadata', 'ut_pex'], ['ut_pex']][1 + who % 4], [])`,
      fast: ifMet('toUInt8(who % 10 > 0)'),
      upload_only: ifMet(`toUInt8(${PROVED})`),
      pieces_have: ifMet(
        `toUInt32(multiIf(kind >= 97, 0, kind >= 75, ${PIECES}, (${PIECES} * (who % 80 + ${round.number} % 20)) / 100))`,
      ),
      pieces_total: `toUInt32(${PIECES})`,
      unchoked: ifMet(`toUInt8(${PROVED} OR roll % 3 = 0)`),
      challenges_asked: `if(${PROVED} OR kind = 95 OR kind = 96, 1 + roll % 3, 0)`,
      challenges_passed: `if(${PROVED}, 1 + roll % 3, 0)`,
      challenges_failed: 'if(kind = 96, 1, 0)',
      challenges_silent: 'if(kind = 95, 1 + roll % 3, 0)',
      bytes_down: `if(${PROVED}, (1 + roll % 3) * 262144, 0)`,
      bytes_up: 'if(roll % 20 = 0, 16384 * (1 + roll % 7), 0)',
      verdict: VERDICT,
      connect_ms: ifMet('toUInt32(20 + who % 200 + roll % 40)'),
      handshake_ms: ifMet('toUInt32(15 + who % 100 + intDiv(roll, 40) % 60)'),
      first_piece_ms: `if(${PROVED}, toUInt32(80 + roll % 2000), NULL)`,
      duration_ms: `if(${MET}, 4000 + roll % 16000, if(who % 8 = 4, 30 + roll % 100, 10000 + roll % 40))`,
      endpoint: 'NULL',
      _partition: 'p',
      _offset: `${round.number * (ROUND_ROWS / PARTITIONS)} + q`,
    },
  };
}

/** Copies in each of 256 ranges of pieces: as many as there are whole peers, and what the others have. */
const AVAILABILITY = `arrayMap(i -> toUInt16(whole + bitShiftRight(late * (i + 7), 9) % (1 + intDiv(size, 8))), range(256))`;

/** The figures of each census. */
function sampled(round: Round): Rows {
  const share = (percent: number, salt: number) =>
    `intDiv(size * ${percent} + cityHash64(s, ${round.number}, ${salt}) % 100, 100)`;
  const inner = `SELECT *, ${ENDPOINTS} AS size, cityHash64(s, intDiv(${round.number} + s, 8)) AS late, sipHash64(s, ${round.number}, 2) AS roll,
    ${share(7, 1)} AS good, ${share(8, 2)} AS said, good + intDiv(said, 2) AS whole FROM (SELECT number AS s FROM numbers_mt(${SWARMS}))`;
  const sources = ['tracker', 'dht', 'pex']
    .map(
      (name, i) =>
        `('${name}', toUInt32(${share(80 - 20 * i, 3 + i)}), toUInt32(${share(75 - 20 * i, 3 + i)}), toUInt32(${share(90 - 20 * i, 3 + i)}), toUInt8(roll % ${20 + i} = 0))`,
    )
    .join(', ');
  return {
    from: `SELECT *, ${AVAILABILITY} AS copies, arrayMin(copies) AS least FROM (${inner})`,
    columns: {
      ts: momentOf(round, 'intDiv(s, 12)', SWARMS / PARTITIONS, '60000 + roll % 3000'),
      swarm_id: hashOf('swarm'),
      census_id: keyOf('census', `s, ${round.number}`, round),
      window_s: '55 + roll % 8',
      liar_corrupt: share(1, 10),
      liar_missing: share(1, 11),
      proved: 'good',
      choked: share(2, 12),
      claimed: 'said',
      super_seeder: share(1, 13),
      partial_seed: share(2, 14),
      leecher: share(25, 15),
      unknown: share(3, 16),
      unreachable: share(50, 17),
      endpoints_known: 'size',
      endpoints_tried: 'size',
      reached: share(50, 18),
      sources: `[${sources}]`,
      size_estimate: 'toUInt32(size + roll % 20)',
      size_low: 'toUInt32(size)',
      size_high: 'toUInt32(size + 20 + roll % 40)',
      method: "if(roll % 4 = 0, 'capture_recapture', 'enumerated')",
      complete_estimate: 'toUInt32(good + said)',
      complete_low: 'toUInt32(good)',
      complete_high: 'toUInt32(good + said + 1 + roll % 5)',
      availability: 'copies',
      availability_histogram: 'arrayMap(k -> toUInt32(countEqual(copies, toUInt16(k)) * 4), range(17))',
      copies_min: 'toUInt32(least)',
      distributed_copies_permille: 'toUInt32(least * 1000 + intDiv(1000 * countEqual(arrayMap(c -> c > least, copies), 1), 256))',
      completable: 'toUInt8(least > 0)',
      completable_outside: 'NULL',
      proved_outside: 'NULL',
      files_at_risk: 'if(least < 2, [(toUInt32(s % 9), toUInt32(least)), (toUInt32(10 + s % 5), toUInt32(1))], [])',
      files_at_risk_total: 'toUInt32(if(least < 2, 2, 0))',
      dht_filters: 'toUInt32(16)',
      dht_filters_refused: 'toUInt32(0)',
      dht_seeds_estimate: 'toUInt32(good + said)',
      dht_seeds_low: 'toUInt32(good)',
      dht_seeds_high: 'toUInt32(good + said + 1 + roll % 5)',
      dht_downloaders_estimate: 'toUInt32(size)',
      dht_downloaders_low: 'toUInt32(intDiv(size, 2))',
      dht_downloaders_high: 'toUInt32(size + roll % 20)',
      dht_seeds_filter: 'NULL',
      dht_downloaders_filter: 'NULL',
      own_announces: '0',
      reachable_self: '1',
      _partition: `s % ${PARTITIONS}`,
      _offset: `${round.number * (SWARMS / PARTITIONS)} + intDiv(s, ${PARTITIONS})`,
    },
  };
}

/** Rows of one partition of the log are in the order of their time, but for those of one census. */
function momentOf({ startMs }: Round, place: string, places: number, jitterMs: string): string {
  return moment(`${startMs} + intDiv(${place} * ${ROUND_MS - 120_000}, ${places}) + ${jitterMs}`);
}

/** The statements that store a round, by topic. */
export function roundStatements(round: Round, daysToEnd: number): [topic: Topic, sql: string][] {
  const rows: [Topic, Rows][] = [
    ['peer_probed', probed(round)],
    ['swarm_sampled', sampled(round)],
    ...otherRows(round, daysToEnd),
  ];
  return rows.map(([topic, each]) => [topic, statement(topic, each, round)]);
}

const COMMON = { event_version: '1', instance_id: "'prober-1'", network: `'${NETWORK}'` };

function statement(topic: Topic, { columns, from }: Rows, { number }: Round): string {
  const all: Readonly<Record<string, string>> = { ...COMMON, ...columns };
  const names = tableColumns(topic)
    .filter(({ fallback }) => fallback !== 'EPHEMERAL')
    .map(({ name }) => name);
  const missing = names.filter((name) => all[name] === undefined);
  const unknown = Object.keys(all).filter((name) => !names.includes(name));
  sure(
    missing.length + unknown.length === 0,
    `${topic} is seeded without ${missing.join(', ')} or with unknown ${unknown.join(', ')}`,
  );
  // As an insert of ingest: one block, with a token, dropped when it comes again.
  return `INSERT INTO ${topic} (${names.join(', ')})
SETTINGS insert_deduplication_token = 'bench|${topic}|${number}', deduplicate_blocks_in_dependent_materialized_views = 1, max_insert_threads = 1, max_threads = 4, parallel_view_processing = 1,
  max_block_size = 1000000, min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 0, max_partitions_per_insert_block = 1000
SELECT ${names.map((name) => `${all[name]} AS ${name}_`).join(', ')} FROM (${from})`;
}
