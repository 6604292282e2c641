// The page's readers of strangers' text: headers, addresses, names of torrents, SQL of definitions; none throws what it does not promise, none lets markup through.
import type { IncomingMessage } from 'node:http';
import { expandMacros, variablesIn } from '@swarmscope/dashboards/definitions/macros.ts';
import { BadRequest, readRange, readValue } from '@swarmscope/web/choices.ts';
import { Guard } from '@swarmscope/web/guard.ts';
import { html, jsonBlock } from '@swarmscope/web/html.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const RUNS = {
  numRuns: Number(process.env['SWARMSCOPE_FUZZ_RUNS'] ?? 5_000),
  seed: Number(process.env['SWARMSCOPE_FUZZ_SEED'] ?? 20_261_124),
};
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'<>&"\'/script:[]127.0local{}$_(),='), maxLength: 40 }),
);

test('a guard admits or refuses any headers; without the password it never admits', () => {
  const open = new Guard({ address: '127.0.0.1' }, () => 0);
  let now = 0;
  const shut = new Guard({ address: '127.0.0.1', password: 'a password that no fuzzer finds' }, () => (now += 120_000));
  fc.assert(
    fc.property(text, text, text, (host, site, authorization) => {
      const request = { method: 'GET', headers: { host, 'sec-fetch-site': site, authorization } } as unknown as IncomingMessage;
      expect([undefined, 403]).toContain(open.check(request)?.status);
      expect([401, 403]).toContain(shut.check(request)?.status);
      const local = { method: 'GET', headers: { host: 'localhost', authorization } } as unknown as IncomingMessage;
      expect(shut.check(local)?.status).toBe(401);
    }),
    RUNS,
  );
});

test('what stands in a template is text, and a data block ends where it should', () => {
  fc.assert(
    fc.property(text, (value) => {
      const made = html`<p title="${value}">${value}</p>`.text;
      expect(made.match(/[<>]/g)).toEqual(['<', '>', '<', '>']);
      expect(made.match(/"/g)).toHaveLength(2);
      const block = jsonBlock({ value }).text;
      expect(block).not.toContain('<');
      expect(JSON.parse(block)).toEqual({ value });
    }),
    RUNS,
  );
});

test('an address is understood or refused', () => {
  fc.assert(
    fc.property(text, text, text, (range, to, network) => {
      const query = new URLSearchParams({ range, to, network });
      for (const read of [() => readRange(query, 1_000), () => readValue(query, 'network')]) {
        try {
          read();
        } catch (error) {
          expect(error).toBeInstanceOf(BadRequest);
        }
      }
    }),
    RUNS,
  );
});

test('no macro and no variable that is not known passes', () => {
  fc.assert(
    fc.property(text, (sql) => {
      try {
        expect(expandMacros(sql, { fromS: 0, toS: 1, intervalS: 1 })).not.toContain('$');
        for (const name of variablesIn(sql, { network: 'String' })) expect(name).toBe('network');
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
    RUNS,
  );
});
