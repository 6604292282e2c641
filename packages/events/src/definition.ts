// What an event definition is: topic, version, key, volume class, columns; the common columns that each event has.
import { type Columns, instant, uint16, type ValueOf, word } from './column.ts';

/**
 * How precious an event is. `sighting`: may be sampled down under pressure, and counted. `measure`: never dropped.
 * `state`: never dropped, and the newest per key is kept for ever (compacted topic).
 */
export type Volume = 'sighting' | 'measure' | 'state';

/** An event, defined once. `order` is the sort key of its raw table. */
export interface EventDefinition<T extends string = string, C extends Columns = Columns> {
  readonly topic: T;
  /** The version that `makeEvent` writes. Raise it with every change of a column, and add an upcast. */
  readonly version: number;
  /** The column whose value chooses the partition. */
  readonly key: string;
  readonly volume: Volume;
  readonly order: readonly string[];
  /** How long the raw table keeps a row; 0 is for ever. */
  readonly retentionDays: number;
  readonly meaning: string;
  readonly columns: C;
  /** `upcasts[n]` turns the columns of version n into those of n + 1. */
  readonly upcasts?: Readonly<Record<number, (columns: Record<string, unknown>) => Record<string, unknown>>>;
}

/** Columns that every event has, stamped where a fact becomes an event. */
export const COMMON_COLUMNS = {
  ts: instant('When it was observed, by the observer (never a remote clock).'),
  event_version: uint16('Version of the event definition that wrote it.'),
  instance_id: word('Which process observed it.'),
  network: word('`public`, or the name of a laboratory.'),
} satisfies Columns;

export type CommonValues = { [K in keyof typeof COMMON_COLUMNS]: ValueOf<(typeof COMMON_COLUMNS)[K]> };

/** What the publisher stamps an event with; the version is the definition's. */
export type Stamp = Omit<CommonValues, 'event_version'>;

/** Keeps the literal types of a definition. */
export function define<const T extends string, C extends Columns>(definition: EventDefinition<T, C>): EventDefinition<T, C> {
  return definition;
}
