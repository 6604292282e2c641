// An entry of the benchmark: a name by which it is picked, and its measurement.
import type { Figure } from './figure.ts';

export interface Entry {
  readonly name: string;
  /** One line for --list. */
  readonly title: string;
  /** Only when it is named. */
  readonly isHeavy?: boolean;
  run(): Promise<Figure[]>;
}
