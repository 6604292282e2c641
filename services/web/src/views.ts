// What each address shows: boards, the search, and the results that the script of the page asks for.
import type { Board } from '@swarmscope/dashboards/definitions/board.ts';
import { boardOf, HOME, panelOf, TORRENT_UID, variableTypes } from '@swarmscope/dashboards/definitions/boards.ts';
import type { Range } from '@swarmscope/dashboards/definitions/macros.ts';
import { EXTENT, SEARCH } from '@swarmscope/dashboards/definitions/search.ts';
import { NETWORK } from '@swarmscope/dashboards/definitions/variables.ts';
import { type Answer, document, json, MISSING, redirect } from './answer.ts';
import type { Asker, Question } from './asker.ts';
import { BadRequest, readRange, readValue, readValues, wholeRange } from './choices.ts';
import { html } from './html.ts';
import { searchContent } from './search-page.ts';
import { addressOf, boardContent, type Chosen, choicesForm, documentOf, type Option, pathOf, viewData } from './shell.ts';

export class Views {
  readonly #asker: Asker;
  readonly #wallS: () => number;

  /** `wallS` is the time now in whole epoch seconds. */
  constructor(asker: Asker, wallS: () => number) {
    this.#asker = asker;
    this.#wallS = wallS;
  }

  /** Throws BadRequest and StoreError. */
  async answer(path: string, query: URLSearchParams): Promise<Answer> {
    if (path === '/') return this.#board(HOME, query);
    if (path === '/search') return this.#search(query);
    const [, room, uid, kind, id, ...rest] = path.split('/').map((part) => part.slice(0, 64));
    if (room === 'boards' && uid !== undefined && kind === undefined) {
      const board = boardOf(uid);
      return board && board !== HOME ? this.#board(board, query) : MISSING;
    }
    const board = room === 'api' && rest.length === 0 && uid !== undefined ? boardOf(uid) : undefined;
    return board && id !== undefined ? this.#result(board, kind ?? '', id, query) : MISSING;
  }

  /** `/api/BOARD/panels/ID` and `/api/BOARD/annotations/ID`: the time range that was meant, and the result as ClickHouse gives it. */
  async #result(board: Board, kind: string, id: string, query: URLSearchParams): Promise<Answer> {
    const sql =
      kind === 'panels'
        ? panelOf(board, id)?.sql
        : kind === 'annotations'
          ? board.annotations.find((each) => each.id === id)?.sql
          : undefined;
    if (sql === undefined) return MISSING;
    const types = variableTypes(board);
    const range = await this.#range(board.range, query);
    const result = await this.#asker.json({ sql, types }, range, readValues(query, Object.keys(types)));
    return json(`{"range":${JSON.stringify(range)},"result":${result}}`);
  }

  async #board(board: Board, query: URLSearchParams): Promise<Answer> {
    const range = await this.#range(board.range, query);
    const given = readValues(
      query,
      board.variables.map((variable) => variable.name),
    );
    const options = new Map<string, readonly Option[]>();
    const values: Record<string, string> = {};
    // One after the other: the choices of a later variable depend on the earlier ones.
    for (const variable of board.variables) {
      const choices = await this.#options({ sql: variable.sql, types: variableTypes(board) }, range, { ...given, ...values });
      options.set(variable.name, choices);
      values[variable.name] = given[variable.name] || (choices[0]?.value ?? '');
    }
    const chosen: Chosen = { range: query.get('range') ?? '', values };
    const view = { title: titleOf(board, values, options), description: board.description, chosen };
    const form = choicesForm(board, chosen, options);
    return document(documentOf(view, pathOf(board), form, boardContent(board), viewData(board, chosen)));
  }

  async #search(query: URLSearchParams): Promise<Answer> {
    const text = readValue(query, 'text');
    if (text.length < 2 || text.length > 200) throw new BadRequest('A search has 2 to 200 characters.');
    const range = await this.#range('365d', query);
    const networks = await this.#options({ sql: NETWORK.sql, types: {} }, range, {});
    const network = readValue(query, 'network') || (networks[0]?.value ?? '');
    const chosen: Chosen = { range: query.get('range') ?? '', values: { network } };
    const result = await this.#asker.result({ sql: SEARCH.sql, types: SEARCH.variables }, range, { network, text });
    const column = result.meta.findIndex(({ name }) => name === 'swarm');
    const only =
      result.data.length === 1 && /^[0-9a-f]{40}([0-9a-f]{24})?$/i.test(text) ? String(result.data[0]![column]) : undefined;
    if (only) return redirect(`/boards/${TORRENT_UID}${addressOf(chosen, { swarm: only })}`);
    const view = { title: 'Search', description: 'Torrents by name or infohash.', chosen, searchText: text };
    return document(documentOf(view, '/search', html``, html`<div class="grid">${searchContent(text, result, chosen)}</div>`));
  }

  /** The range that the address names, else that of all that is stored. */
  async #range(longest: string, query: URLSearchParams): Promise<Range> {
    const nowS = this.#wallS();
    const named = readRange(query, nowS);
    if (named) return named;
    const { data } = await this.#asker.result({ sql: EXTENT.sql, types: {} }, wholeRange(null, nowS, longest), {});
    return wholeRange((data[0]?.[0] ?? null) as number | null, nowS, longest);
  }

  async #options(question: Question, range: Range, values: Readonly<Record<string, string>>): Promise<Option[]> {
    const { data } = await this.#asker.result(question, range, values);
    return data.map(([value, text]) => ({ value: String(value), text: String(text) }));
  }
}

/** A board of one torrent is named after it. */
function titleOf(
  board: Board,
  values: Readonly<Record<string, string>>,
  options: ReadonlyMap<string, readonly Option[]>,
): string {
  return options.get('swarm')?.find((option) => option.value === values['swarm'])?.text ?? board.title;
}
