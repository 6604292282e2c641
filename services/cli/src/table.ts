// Rows of data as an aligned text table, CSV (RFC 4180) or JSON: the three output formats of the command.

export type Row = Record<string, unknown>;
export const FORMATS = ['table', 'json', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** One cell as text: missing is empty in CSV and an en dash in tables, never 0. Objects and arrays are JSON. */
function cellText(value: unknown, missing: string): string {
  if (value === null || value === undefined) return missing;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** Control characters could move the cursor or recolour the terminal: names come from strangers. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\u00b7');
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));
}

/** Columns in order of first appearance, numbers to the right, a rule beneath the head; cells are cut at `maxWidth`. */
export function formatTable(rows: readonly Row[], columns: readonly string[] = columnsOf(rows), maxWidth = 60): string {
  const cells = rows.map((row) => columns.map((column) => cut(printable(cellText(row[column], '\u2013')), maxWidth)));
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((row) => row[i]!.length)));
  const right = columns.map(
    (column) =>
      rows.length > 0 && rows.every((row) => row[column] === null || row[column] === undefined || isNumeric(row[column])),
  );
  const line = (values: readonly string[]) =>
    values
      .map((value, i) => (right[i] ? value.padStart(widths[i]!) : value.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(columns), line(widths.map((width) => '\u2500'.repeat(width))), ...cells.map(line)].join('\n');
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}\u2026`;
}

/** The union of the rows' keys, in order of first appearance. */
export function columnsOf(rows: readonly Row[]): string[] {
  const seen = new Set<string>();
  for (const row of rows) for (const key of Object.keys(row)) seen.add(key);
  return [...seen];
}

function csvField(value: unknown): string {
  let text = cellText(value, '');
  // A spreadsheet runs a cell that begins like a formula: names come from strangers.
  if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** RFC 4180 with a head line; lines end in CRLF. */
export function formatCsv(rows: readonly Row[], columns: readonly string[] = columnsOf(rows)): string {
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((row) => `${row.map(csvField).join(',')}\r\n`)
    .join('');
}

/** Rows in the format asked for, ending in a newline. */
export function formatRows(rows: readonly Row[], format: Format, columns?: readonly string[]): string {
  if (format === 'json') return `${JSON.stringify(rows, null, 2)}\n`;
  if (format === 'csv') return formatCsv(rows, columns);
  return rows.length === 0 ? '(no rows)\n' : `${formatTable(rows, columns)}\n`;
}
