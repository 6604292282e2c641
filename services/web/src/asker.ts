// Asks the store what boards ask, and nothing else: the SQL comes from the definitions, the page gives values only. Equal questions share one answer.
import { expandMacros, type Range, variablesIn } from '@swarmscope/dashboards/definitions/macros.ts';
import type { Store } from '@swarmscope/store/store.ts';

/** A query of the definitions: a panel, a variable, an annotation, the search. */
export interface Question {
  readonly sql: string;
  /** Its variables and their ClickHouse types. */
  readonly types: Readonly<Record<string, string>>;
}

/** What ClickHouse answers in the format JSONCompact. */
export interface Result {
  readonly meta: readonly { readonly name: string; readonly type: string }[];
  readonly data: readonly (readonly unknown[])[];
}

/** A result that is larger is not one for a page. */
const BYTES_MAX = 16 * 1024 * 1024;
const TIMEOUT_MS = 15_000;
/** So long an answer serves the next one who asks the same (several tabs that refresh together). */
const FRESH_MS = 1_000;
const KEPT_MAX = 64;

interface Kept {
  readonly at: number;
  readonly answer: Promise<string>;
}

export class Asker {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>(); // bound: KEPT_MAX, oldest out first

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** The JSON text of the result. Throws StoreError. */
  json(question: Question, range: Range, values: Readonly<Record<string, string>>): Promise<string> {
    const parameters = Object.fromEntries(variablesIn(question.sql, question.types).map((name) => [name, values[name] ?? '']));
    const sql = expandMacros(question.sql, range);
    const key = JSON.stringify([sql, parameters]);
    const known = this.#kept.get(key);
    if (known && this.#now() - known.at < FRESH_MS) return known.answer;
    const answer = this.#run(sql, parameters);
    this.#keep(key, answer);
    return answer;
  }

  async result(question: Question, range: Range, values: Readonly<Record<string, string>>): Promise<Result> {
    return JSON.parse(await this.json(question, range, values)) as Result;
  }

  #keep(key: string, answer: Promise<string>): void {
    this.#kept.delete(key);
    this.#kept.set(key, { at: this.#now(), answer });
    answer.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX) this.#kept.delete(oldest!);
  }

  async #run(sql: string, parameters: Record<string, string>): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.#store.stream(sql, parameters, 'JSONCompact', { timeoutMs: TIMEOUT_MS })) {
      size += chunk.byteLength;
      if (size > BYTES_MAX) throw new RangeError(`The answer of a board is larger than ${BYTES_MAX} bytes.`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  }
}
