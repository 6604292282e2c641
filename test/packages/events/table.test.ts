// Rows for the store: one JSON line per event, whatever the text in it, in the order of the columns that an insert names.
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { columnsOf, insertColumns, lineWriter, rowWriter } from '@swarmscope/events/table.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { probed } from '../../support/events.ts';

test('a line is the JSON of its values, for any text', () => {
  const write = lineWriter('peer_probed');
  const names = columnsOf('peer_probed').map(([name]) => name);
  const anyText = fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units));
  fc.assert(
    fc.property(anyText, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (client, offset) => {
      const event = probed(7, { client, extensions: [client] }) as unknown as Record<string, unknown>;
      const line = write(event, 12, offset);
      expect(line).not.toContain('\n');
      expect(JSON.parse(line)).toEqual([...names.map((name) => event[name]), 12, String(offset)]);
    }),
    { seed: 5, numRuns: 100 },
  );
});

test.each(TOPICS)('%s: as many values as columns; what is missing is null', (topic) => {
  expect(JSON.parse(rowWriter(topic)({ _partition: 1, _offset: '2' }))).toEqual([
    ...Array(insertColumns(topic).length - 2).fill(null),
    1,
    '2',
  ]);
});
