// A store for tests of ingest: rows in memory, tokens that are honoured, and faults on demand.
import { type Store, StoreError, type Table } from '@swarmscope/store/store.ts';

/** What an insert does: take the rows, refuse before taking them, take them and lose the answer, or never answer. */
export type Fault = 'none' | 'refuse' | 'lose_answer' | 'hang';

export class ModelStore implements Pick<Store, 'insert'> {
  readonly rows = new Map<Table, string[]>(); // bound: a test
  readonly tokens = new Set<string>(); // bound: a test
  attempts = 0;
  fault: () => Fault = () => 'none';
  /** What it says when it refuses. */
  refusal = new StoreError('Refused.', 242, 'TABLE_IS_READ_ONLY');
  /** Most lines of one insert. */
  most = 0;

  async insert(table: Table, lines: readonly string[], token: string): Promise<void> {
    this.attempts += 1;
    this.most = Math.max(this.most, lines.length);
    const fault = this.fault();
    await new Promise((resolve) => setImmediate(resolve));
    if (fault === 'refuse') throw this.refusal;
    if (!this.tokens.has(token)) {
      this.tokens.add(token);
      this.rows.set(table, [...(this.rows.get(table) ?? []), ...lines]);
    }
    if (fault === 'lose_answer') throw new StoreError('The connection broke.');
    if (fault === 'hang') await new Promise(() => {});
  }

  count(table: Table): number {
    return this.rows.get(table)?.length ?? 0;
  }
}

/** The last two values of a line: partition and offset. */
export function placesOf(lines: readonly string[]): string[] {
  return lines.map((line) => (JSON.parse(line) as unknown[]).slice(-2).join('/'));
}
