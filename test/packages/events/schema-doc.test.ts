// docs/schema.md is what the definitions say.
import { readFileSync } from 'node:fs';
import { schemaPage } from '@swarmscope/events/schema-doc.ts';
import { expect, test } from 'vitest';

test('docs/schema.md is fresh (npm run schema writes it)', () => {
  expect(readFileSync(new URL('../../../docs/schema.md', import.meta.url), 'utf8')).toBe(schemaPage());
});
