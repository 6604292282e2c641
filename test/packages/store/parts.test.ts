// The small parts of the store: places with a bounded queue, errors from an engine's text, parameters in text form, what a guest may set.
import { settingsOfGuest } from '@swarmscope/store/guests.ts';
import { rejectedLine } from '@swarmscope/store/rejected.ts';
import { NoSlot, Slots } from '@swarmscope/store/slots.ts';
import { identifier, insertStatement, parameterStatement, parameterText, quote } from '@swarmscope/store/statement.ts';
import { StoreError } from '@swarmscope/store/store.ts';
import { describe, expect, test } from 'vitest';

describe('places', () => {
  test('so many at once, first come first served, and a full queue refuses', async () => {
    const slots = new Slots(2, 3);
    const order: number[] = [];
    const releases = [await slots.take(), await slots.take()];
    const waiting = [1, 2, 3].map(async (n) => {
      const release = await slots.take();
      order.push(n);
      return release;
    });
    await expect(slots.take()).rejects.toBeInstanceOf(NoSlot);
    for (const release of releases) {
      release();
      release();
    }
    (await waiting[0]!)();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  test('a place is given back when the work fails', async () => {
    const slots = new Slots(1, 0);
    await expect(slots.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(await slots.run(async () => 5)).toBe(5);
  });
});

describe('errors', () => {
  test.each([
    [
      'Code: 62. DB::Exception: Syntax error: failed at position 1. (SYNTAX_ERROR)',
      62,
      'SYNTAX_ERROR',
      'Syntax error: failed at position 1.',
    ],
    [
      'Code: 60. DB::Exception: Code: 60. DB::Exception: Unknown table x. (UNKNOWN_TABLE) (version 26.7.2.1). (UNKNOWN_TABLE)',
      60,
      'UNKNOWN_TABLE',
      'Unknown table x.',
    ],
    ['Something else', 0, '', 'Something else'],
  ])('%s', (text, code, symbol, message) => {
    const error = StoreError.fromText(text);
    expect([error.code, error.symbol, error.message]).toEqual([code, symbol, message]);
    expect(StoreError.fromText(error.text)).toMatchObject({ code, symbol, message });
  });
});

describe('text', () => {
  test('parameters as fields, and inside of lists as literals', () => {
    expect(parameterText("a\tb\\c'd\n")).toBe("a\\tb\\\\c'd\\n");
    expect(parameterText(null)).toBe('\\N');
    expect(parameterText(["it's", null, 3, true, ['x']])).toBe("['it\\'s',NULL,3,true,['x']]");
    expect(parameterText(new Date(1_763_960_400_123))).toBe('1763960400.123');
    expect(parameterText(2n ** 63n)).toBe('9223372036854775808');
    expect(parameterStatement({ a: "x'y" })).toBe("SET param_a = 'x\\'y'");
    expect(parameterStatement({})).toBe('');
  });

  test('names are names', () => {
    for (const name of ['', 'a b', 'a;b', '1a', 'ä', "a'", 'x'.repeat(200)])
      expect(() => identifier(name), name).toThrow(TypeError);
    expect(() => parameterStatement({ 'a = 1, b': '' })).toThrow(TypeError);
    expect(quote("a'b\\")).toBe("'a\\'b\\\\'");
  });

  test('an insert says its columns and carries its settings', () => {
    const sql = insertStatement('infohash_sighted', "t|'1");
    expect(sql).toMatch(/^INSERT INTO infohash_sighted \(ts, .*info_hash_hex, .*_partition, _offset\) SETTINGS /);
    expect(sql).toContain("insert_deduplication_token='t|\\'1'");
    expect(sql).toContain('deduplicate_blocks_in_dependent_materialized_views=1');
    const bytes = Buffer.from('xyz').subarray(1, 2);
    expect(
      JSON.parse(rejectedLine({ ts: 1, topic: 't', reason: 'r', detail: 'd', bytes, size: 1, partition: 2, offset: 3n })),
    ).toEqual([1, 't', 'r', 'd', 'eQ==', 1, 2, '3']);
  });

  test('a guest sets what is harmless, within bounds, and is not told about the rest', () => {
    expect(settingsOfGuest({})).toBe('');
    expect(settingsOfGuest({ readonly: '0', max_memory_usage: '0', allow_ddl: '1', async_insert: '1', session_id: 'x' })).toBe(
      '',
    );
    expect(settingsOfGuest({ max_execution_time: '9999', max_threads: '0', join_use_nulls: '1' })).toBe(
      "; SET max_execution_time = '300', max_threads = '4', join_use_nulls = '1'",
    );
    expect(() => settingsOfGuest({ max_threads: 'many' })).toThrow(StoreError);
  });
});
