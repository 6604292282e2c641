// The macros and variables that the SQL of boards may use, expanded strictly: what is not known here fails here, and never reaches a database.

/** What a query is expanded for. Epoch seconds, both ends belong to it; `intervalS` is the width of a time bucket. */
export interface Range {
  readonly fromS: number;
  readonly toS: number;
  readonly intervalS: number;
}

/** Macros as the ClickHouse plugin of Grafana expands them; `$__conditionalAll` and others work in its pages only, so they are not here. */
const MACROS: Readonly<Record<string, { takesColumn: boolean; expand: (range: Range, column: string) => string }>> = {
  timeFilter: {
    takesColumn: true,
    expand: (range, column) => `${column} >= ${instant(range.fromS)} AND ${column} <= ${instant(range.toS)}`,
  },
  timeInterval: {
    takesColumn: true,
    expand: (range, column) => `toStartOfInterval(toDateTime(${column}), INTERVAL ${range.intervalS} second)`,
  },
  interval_s: { takesColumn: false, expand: (range) => String(range.intervalS) },
  fromTime: { takesColumn: false, expand: (range) => instant(range.fromS) },
  toTime: { takesColumn: false, expand: (range) => instant(range.toS) },
};

const MACRO = /\$__([A-Za-z_]+)(?:\(([A-Za-z_.]+)\))?/g;
const PARAMETER = /\{([a-z_][a-z0-9_]*):([A-Za-z0-9]+)\}/g;

/** The SQL of a definition with its macros replaced; variables stay as ClickHouse parameters `{name:Type}`. Throws on whatever it does not know. */
export function expandMacros(sql: string, range: Range): string {
  if (
    ![range.fromS, range.toS, range.intervalS].every((value) => Number.isSafeInteger(value) && value >= 0) ||
    range.intervalS < 1
  )
    throw new RangeError('A time range is whole seconds from the epoch, and an interval of at least one.');
  const expanded = sql.replace(MACRO, (text, name: string, column: string | undefined) => {
    const macro = MACROS[name];
    if (!macro || macro.takesColumn !== (column !== undefined)) throw new SyntaxError(`There is no macro ${text}.`);
    return macro.expand(range, column ?? '');
  });
  if (expanded.includes('$')) throw new SyntaxError(`A "$" is left over: ${around(expanded, expanded.indexOf('$'))}`);
  return expanded;
}

/** The variables that a text of SQL uses, by name; every one must be in `known`. Throws on another one and on a stray brace. */
export function variablesIn(sql: string, known: Readonly<Record<string, string>>): string[] {
  const names = new Set<string>();
  const rest = sql.replace(PARAMETER, (text, name: string, type: string) => {
    if (known[name] !== type) throw new SyntaxError(`There is no variable ${text}.`);
    names.add(name);
    return '';
  });
  const stray = rest.search(/[{}]/);
  if (stray >= 0) throw new SyntaxError(`A stray brace: ${around(rest, stray)}`);
  return [...names];
}

/** The same SQL for Grafana: each `{name:String}` becomes a quoted and escaped variable of it. */
export function toGrafana(sql: string, known: Readonly<Record<string, string>>): string {
  variablesIn(sql, known);
  expandMacros(sql, { fromS: 0, toS: 1, intervalS: 1 });
  return sql.replace(PARAMETER, (_text, name: string) => `\${${name}:singlequote}`);
}

function instant(seconds: number): string {
  return `toDateTime(${seconds}, 'UTC')`;
}

function around(text: string, at: number): string {
  return JSON.stringify(text.slice(Math.max(0, at - 20), at + 20));
}
