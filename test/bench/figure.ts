// The figures of a benchmark: what each says, whether it reaches its goal, and the table and JSON they are printed as.

/** `min`: at least the goal; `max`: at most. */
type Direction = 'min' | 'max';

/** One line of the report. The goal is one for the ratio where there is a baseline, else for the value; null: only watched. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** The same of what it is measured against, in the same run. */
  readonly baseline: number | null;
  /** `value` / `baseline`: the median over paired rounds. */
  readonly ratio: number | null;
  readonly goal: number | null;
  readonly direction: Direction;
  readonly ok: boolean;
}

/** Rounds of one measurement. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, low: sorted[0]!, high: sorted.at(-1)! };
}

export interface Plan {
  readonly name: string;
  readonly unit: string;
  /** Of the ratio. */
  readonly goal?: number;
  readonly direction?: Direction;
}

/** From paired rounds: `ours[i]` and `baseline[i]` were measured one after the other. */
export function compared(plan: Plan, ours: readonly number[], baseline: readonly number[]): Figure {
  const ratios = spread(ours.map((value, i) => value / baseline[i]!));
  const [value, base] = [spread(ours), spread(baseline)];
  note(`${plan.name}: ${range(value)} ${plan.unit}, baseline ${range(base)}, ratio ${range(ratios)}, ${ours.length} rounds`);
  return judged(plan, value.median, base.median, ratios.median);
}

/** A value by itself. */
export function alone(plan: Plan, values: readonly number[]): Figure {
  const value = spread(values);
  note(`${plan.name}: ${range(value)} ${plan.unit}, ${values.length} rounds`);
  return judged(plan, value.median, null, null);
}

function judged(plan: Plan, value: number, baseline: number | null, ratio: number | null): Figure {
  const { name, unit, direction = 'min' } = plan;
  const goal = plan.goal ?? null;
  const measured = ratio ?? value;
  const ok = goal === null || (direction === 'min' ? measured >= goal : measured <= goal);
  const rounded = (number: number | null) => (number === null ? null : Number(number.toPrecision(4)));
  return { name, unit, value: rounded(value)!, baseline: rounded(baseline), ratio: rounded(ratio), goal, direction, ok };
}

/** Spread, machine and progress go to standard error: standard output is the report alone. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

function range({ median, low, high }: Spread): string {
  return `${short(median)} (${short(low)} to ${short(high)})`;
}

function short(value: number | null): string {
  if (value === null) return '-';
  if (Math.abs(value) >= 10_000) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return String(Number(value.toPrecision(4)));
}

/** For people. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, value, baseline, ratio, goal, direction, ok }) => [
    name,
    short(value),
    unit,
    short(baseline),
    short(ratio),
    goal === null ? '-' : `${direction === 'min' ? '>=' : '<='} ${goal}`,
    ok ? 'yes' : 'NO',
  ]);
  const all = [['name', 'value', 'unit', 'baseline', 'ratio', 'goal', 'ok'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
