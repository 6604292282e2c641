// Events of a census, folded into the JSON of `probe --json` and its text.
import { zeroCounts } from '@swarmscope/events/enums.ts';
import { makeEvent, type NewColumns } from '@swarmscope/events/event.ts';
import { describe, expect, test } from 'vitest';
import { ProbeReport } from '../../../services/cli/src/probe-report.ts';
import { availabilityStrip, formatBytes, formatSwarm } from '../../../services/cli/src/probe-text.ts';
import { hashOf, keyOf, probed, STAMP } from '../../support/events.ts';

function sampled(n: number, columns: Partial<NewColumns<'swarm_sampled'>> = {}) {
  return makeEvent(
    'swarm_sampled',
    {
      swarm_id: hashOf(n),
      census_id: keyOf(n),
      window_s: 5,
      ...zeroCounts(),
      endpoints_known: 3,
      endpoints_tried: 3,
      reached: 2,
      sources: [
        { source: 'tracker', count: 3, low: 3, high: 3, failed: 0 },
        { source: 'dht', count: null, low: null, high: null, failed: 1 },
      ],
      availability: [2, 1, 0, 2],
      availability_histogram: [1, 1, 2],
      files_at_risk: [{ index: 0, copies_min: 0 }],
      own_announces: 0,
      ...columns,
    },
    STAMP,
  );
}

function sighted(n: number, peer: number, source: 'tracker' | 'pex') {
  return makeEvent(
    'peer_sighted',
    { swarm_id: hashOf(n), peer_key: keyOf(peer), key_epoch: 1, ip_prefix: '127.0.0.0/24', family: 4, source },
    STAMP,
  );
}

function resolved(n: number, columns: Partial<NewColumns<'torrent_resolved'>> = {}) {
  return makeEvent(
    'torrent_resolved',
    {
      swarm_id: hashOf(n),
      info_hash: hashOf(n),
      info_hash_v1: hashOf(n),
      name: 'a\u001b[2Jname',
      size_bytes: '1048576',
      piece_length_bytes: 262_144,
      pieces: 4,
      files: [{ path: 'dir/file', size_bytes: '1048576', merkle_root: null }],
      files_total: 1,
      private: 0,
      source: 'peer',
      ...columns,
    },
    STAMP,
  );
}

function reportOf(...events: Parameters<ProbeReport['take']>[0][]) {
  const report = new ProbeReport();
  for (const event of events) report.take(event);
  return report.reports();
}

describe('the JSON', () => {
  test('counts have exactly the ten verdicts, peers their sources, flags are booleans', () => {
    const [swarm] = reportOf(
      resolved(1),
      sighted(1, 7, 'tracker'),
      sighted(1, 7, 'pex'),
      probed(1, { peer_key: keyOf(7), endpoint: '127.0.0.7:1', pieces_have: 4, pieces_total: 4 }),
      sampled(1, {
        proved: 1,
        unreachable: 2,
        completable: 1,
        size_estimate: 3,
        size_low: 3,
        size_high: 4,
        method: 'enumerated',
      }),
    );
    expect(swarm).toMatchObject({
      info_hash: hashOf(1),
      info_hash_v2: null,
      counts: { ...zeroCounts(), proved: 1, unreachable: 2 },
      completable: true,
      private: false,
      finished: true,
      estimates: { size: { estimate: 3, low: 3, high: 4, method: 'enumerated' } },
      files_at_risk: [{ path: 'dir/file', index: 0, copies_min: 0 }],
    });
    expect(Object.keys(swarm!.counts)).toHaveLength(10);
    expect(swarm!.estimates.sources[1]).toEqual({
      source: 'dht',
      count: null,
      estimate: null,
      low: null,
      high: null,
      failed: true,
    });
    expect(swarm!.peers).toHaveLength(1);
    expect(swarm!.peers[0]).toMatchObject({ endpoint: '127.0.0.7:1', verdict: 'proved', sources: ['tracker', 'pex'] });
  });

  test('a failed dial after a good handshake does not hide it; the last census counts', () => {
    const [swarm] = reportOf(
      probed(1, { verdict: 'proved' }),
      probed(1, { outcome: 'timeout', verdict: 'unreachable' }),
      sampled(1, { claimed: 1 }),
      sampled(1, { proved: 1 }),
    );
    expect(swarm!.peers.map((peer) => peer.verdict)).toEqual(['proved']);
    expect(swarm!.counts).toEqual({ ...zeroCounts(), proved: 1 });
  });

  test('a v2 name of a hybrid is merged into its v1 swarm', () => {
    const reports = reportOf(resolved(2, { alias_of: hashOf(1) }), resolved(1, { info_hash_v2: 'ab'.repeat(32) }), probed(2));
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ info_hash: hashOf(1), info_hash_v2: 'ab'.repeat(32), peers: [{ verdict: 'proved' }] });
  });

  test('a swarm of which nothing was heard is there, with unknowns and not zeros', () => {
    const report = new ProbeReport();
    report.expect(hashOf(9));
    expect(report.reports()[0]).toMatchObject({
      finished: false,
      completable: null,
      name: null,
      counts: zeroCounts(),
      peers: [],
    });
  });
});

describe('the text', () => {
  test('names classes, sources and what is at risk; a stranger’s name cannot act', () => {
    const [swarm] = reportOf(
      resolved(1),
      sampled(1, { proved: 1, completable: 0, copies_min: 0, distributed_copies_permille: 750, files_at_risk_total: 12 }),
    );
    const text = formatSwarm(swarm!);
    expect(text).toContain('a·[2Jname');
    expect(text).toMatch(/proved +1 +has all pieces, proved by hash/);
    expect(text).toContain('tracker 3, dht failed (unknown)');
    expect(text).toContain('can NOT be completed from the peers seen; 0.75 distributed copies');
    expect(text).toContain('dir/file (0 copies of its rarest piece)');
    expect(text).toContain('and 11 more files');
  });

  test('what the DHT says by BEP 33, with bounds; nothing where no filter came', () => {
    const bounds = {
      dht_seeds_estimate: 12,
      dht_seeds_low: 9,
      dht_seeds_high: 15,
      dht_downloaders_estimate: 7,
      dht_downloaders_low: 4,
    };
    const [swarm] = reportOf(sampled(1, { dht_filters: 16, dht_filters_refused: 1, ...bounds }));
    expect(formatSwarm(swarm!)).toContain(
      'DHT says      12 (9 to 15) seeds, 7 (4 or more) downloaders (by addresses, 16 nodes, 1 not believed)',
    );
    expect(swarm!.estimates.dht_filters).toEqual({
      nodes: 16,
      refused: 1,
      seeds: { estimate: 12, low: 9, high: 15 },
      downloaders: { estimate: 7, low: 4, high: null },
    });
    const [other] = reportOf(sampled(1));
    expect([formatSwarm(other!).includes('DHT says'), other!.estimates.dht_filters]).toEqual([false, null]);
  });

  test('the strip is empty where no copy is, and full where most are', () => {
    expect(availabilityStrip([2, 1, 0, 2])).toBe('█▄ █');
    expect(availabilityStrip([])).toBe('');
    expect(availabilityStrip(Array.from({ length: 256 }, (_, i) => (i === 200 ? 0 : 3)))).toHaveLength(64);
    expect(availabilityStrip(Array.from({ length: 256 }, (_, i) => (i === 200 ? 0 : 3)))[50]).toBe(' ');
  });

  test('bytes', () => {
    expect([0, 1_023, 1_024, 1_572_864, 5e12].map(formatBytes)).toEqual(['0 B', '1023 B', '1.00 KiB', '1.50 MiB', '4.55 TiB']);
  });
});
