// What a scenario or an accuracy run measures: the entries that --json prints, and the lines for people.

/** One figure with its goal. `ratio` is value to baseline where there is one. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly baseline: number | null;
  readonly ratio: number | null;
  readonly goal: number;
  /** Whether the value may be no larger or no smaller than the goal. */
  readonly direction: 'min' | 'max';
  readonly ok: boolean;
  /** Replays the run. */
  readonly seed: number;
}

/** `value` at least (`min`) or at most (`max`) the goal. */
export function figure(
  name: string,
  unit: string,
  value: number,
  direction: 'min' | 'max',
  goal: number,
  seed: number,
  baseline: number | null = null,
): Figure {
  const rounded = Math.round(value * 10_000) / 10_000;
  const ratio = baseline === null || baseline === 0 ? null : Math.round((value / baseline) * 1_000) / 1_000;
  return {
    name,
    unit,
    value: rounded,
    baseline,
    ratio,
    goal,
    direction,
    ok: direction === 'min' ? value >= goal : value <= goal,
    seed,
  };
}

/** A line for each figure; a failed one says how to replay it. */
export function figureLines(figures: readonly Figure[]): string[] {
  const width = Math.max(...figures.map((one) => one.name.length));
  return figures.map((one) => {
    const bound = one.direction === 'min' ? '>=' : '<=';
    const line = `${one.ok ? 'ok  ' : 'FAIL'} ${one.name.padEnd(width)}  ${one.value} ${one.unit} (${bound} ${one.goal})`;
    return one.ok ? line : `${line}; replay with --seed ${one.seed}`;
  });
}
