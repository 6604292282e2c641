// What a stranger's statement may be: one SELECT (or its like) over our own tables. The engine's own parser decides what the text says.
import { quote } from './statement.ts';
import { CODES, StoreError } from './store.ts';

export interface Checked {
  /** The statement as the engine understood it, without comments: what is run is what was checked. */
  readonly sql: string;
  /** A SELECT, which the engine can give piece by piece. */
  readonly isSelect: boolean;
  /** The format that the statement itself names. */
  readonly format?: string;
}

/** Kinds of statement, as EXPLAIN AST calls them. */
const READING =
  /^(SelectWithUnionQuery|SelectIntersectExceptQuery|SelectQuery|ShowTables|ShowColumns|ShowIndexes|ShowFunctions|ShowSettings|ShowEngineQuery|ShowCreateTableQuery|ShowCreateViewQuery|ShowCreateDatabaseQuery|ShowProcesslistQuery|DescribeQuery|ExistsTableQuery|ExistsViewQuery|ExistsDatabaseQuery|Explain)\b/;
/** Table functions that read nothing but our own tables or make their rows up. Every other one is refused: file, url, s3, remote, executable, python, ... */
const TABLE_FUNCTIONS = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'generate_series',
  'generateseries',
  'values',
  'view',
  'null',
  'merge',
  'generaterandom',
  'mergetreeindex',
]);
/** Functions that reach out of the database, or only waste time. */
const FUNCTIONS =
  /^(file|url|input|sleep|sleepeachrow|getserverport|getserversetting|getosnumericvariable|catboostevaluate|addressto\w+|demangle|ai[a-z]\w*|python\w*|filesystem\w*|executable\w*)$/i;
/** Tables of the engine that show more than the data, or stop its threads to look at them. */
const CLOSED_TABLES = /^system\.(stack_trace|zookeeper\w*|user_directories|remote_data_paths|certificates)$/i;
const DATABASES = new Set(['swarmscope', 'system', 'information_schema', 'INFORMATION_SCHEMA']);

/**
 * Checks a statement with the engine's own parser. `ask` runs a harmless statement and answers its text.
 * Throws StoreError: a syntax error, several statements, a statement that changes something, a table function or database that is closed.
 */
export async function checkGuest(sql: string, ask: (sql: string) => Promise<string>): Promise<Checked> {
  const formatted = (await ask(`SELECT formatQuerySingleLine(${quote(sql)})`)).trimEnd();
  const tree = readTree(await ask(`EXPLAIN AST ${formatted}`));
  const root = tree[0]?.text ?? '';
  if (!READING.test(root))
    throw new StoreError(`Cannot execute query in readonly mode: ${root.split(' ')[0]}`, CODES.READONLY, 'READONLY');
  for (const [i, node] of tree.entries()) checkNode(node, tree, i);
  const format = formatOf(formatted);
  return { sql: formatted, isSelect: root.startsWith('Select'), ...(format !== undefined && { format }) };
}

interface Node {
  readonly depth: number;
  readonly text: string;
}

/** A line of EXPLAIN AST is a node: its depth in spaces, its kind and name, the number of its children. */
function readTree(text: string): Node[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const depth = /^ */.exec(line)![0].length;
      return { depth, text: line.slice(depth).replace(/ \(children \d+\)$/, '') };
    });
}

function checkNode(node: Node, tree: readonly Node[], index: number): void {
  const [kind = '', ...rest] = node.text.split(' ');
  const name = rest.join(' ').replace(/ \(alias .*\)$/, '');
  if (kind === 'Function') {
    const parent = parentOf(tree, index);
    const isTable = /^(TableExpression|DescribeQuery)\b/.test(parent);
    if (FUNCTIONS.test(name) || (isTable && !TABLE_FUNCTIONS.has(name.toLowerCase()))) throw refused(`the function ${name}`);
  }
  if (kind === 'TableIdentifier' || kind === 'Identifier') checkName(name, kind === 'TableIdentifier');
  if (kind === 'Literal' && node.depth === 1 && index > 0) throw refused('INTO OUTFILE');
}

function checkName(name: string, isTable: boolean): void {
  if (/[/\\\0]/.test(name)) throw refused(`the name ${name}`);
  if (CLOSED_TABLES.test(name)) throw refused(`the table ${name}`);
  const database = name.includes('.') ? name.slice(0, name.indexOf('.')) : undefined;
  if (database === 'default' || (isTable && database !== undefined && !DATABASES.has(database)))
    throw refused(`the database ${database}`);
}

function parentOf(tree: readonly Node[], index: number): string {
  const { depth } = tree[index]!;
  for (let i = index - 1; i >= 0; i -= 1) if (tree[i]!.depth < depth) return tree[i]!.text;
  return '';
}

/** The engine writes the format at the end, before settings; no literal can end like that. */
function formatOf(formatted: string): string | undefined {
  return / FORMAT (\w+)(?: SETTINGS [^']*)?$/.exec(formatted)?.[1];
}

function refused(what: string): StoreError {
  return new StoreError(
    `Not allowed here: ${what}. This store answers questions about its own tables only.`,
    CODES.ACCESS_DENIED,
    'ACCESS_DENIED',
  );
}
