// What an export contains: no column from which an address could be learned, hex as text.
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { columnsOf } from '@swarmscope/events/table.ts';
import { describe, expect, test } from 'vitest';
import { exportableColumns, exportSql } from '../../../services/cli/src/export-columns.ts';

describe.each(TOPICS)('%s', (topic) => {
  test('leaves out addresses, their pseudonyms and prefixes', () => {
    const meanings = columnsOf(topic)
      .filter(([name]) => exportableColumns(topic).includes(name))
      .filter(
        ([name, column]) => /pseudonym|raw |network of|\bnode id\b|reporter/i.test(column.meaning) || /endpoint|_key$/.test(name),
      )
      .map(([name]) => name);
    expect(meanings).toEqual([]);
  });

  test('has its time', () => expect(exportableColumns(topic)[0]).toBe('ts'));
});

test('what a torrent is and how its swarm does is all there', () => {
  expect(exportableColumns('torrent_resolved')).toEqual(
    expect.arrayContaining(['swarm_id', 'info_hash_v1', 'info_hash_v2', 'name', 'size_bytes', 'private']),
  );
  expect(exportableColumns('swarm_sampled')).toEqual(
    expect.arrayContaining(['proved', 'claimed', 'leecher', 'unreachable', 'completable', 'sources', 'availability']),
  );
  // Any address can be looked for in a filter.
  expect(exportableColumns('swarm_sampled').filter((name) => name.startsWith('dht_') && name.endsWith('_filter'))).toEqual([]);
  expect(exportableColumns('peer_probed')).toEqual(
    expect.arrayContaining(['verdict', 'outcome', 'client', 'peer_id_prefix', 'pieces_have']),
  );
});

test('hex columns leave as text', () => {
  expect(exportSql('infohash_sighted')).toContain('lower(hex(t.info_hash)) AS info_hash');
  expect(exportSql('infohash_sighted')).not.toContain('reporter');
});
