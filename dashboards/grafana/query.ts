// Queries of the ClickHouse plugin of Grafana: the SDK has no type for them, so this is our own builder.
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';

export const DATASOURCE_TYPE = 'grafana-clickhouse-datasource';
/** Boards name their data source by this variable, so that they work with any. */
export const DATASOURCE = { type: DATASOURCE_TYPE, uid: `$${'{datasource}'}` } as const;
/** The plugin version that the shape of a query belongs to. */
const PLUGIN_VERSION = '4.14.1';

/** `timeseries`: a wide frame per series, ordered by time. `table`: rows as they are. */
export type Shape = 'timeseries' | 'table';

const FORMATS: Readonly<Record<Shape, number>> = { timeseries: 0, table: 1 };

/** The query as it stands in JSON. */
export function queryModel(rawSql: string, shape: Shape, datasource: { type: string; uid: string }): Record<string, unknown> {
  return {
    refId: 'A',
    datasource,
    editorType: 'sql',
    rawSql,
    format: FORMATS[shape],
    queryType: shape,
    pluginVersion: PLUGIN_VERSION,
  };
}

export class ClickHouseQuery implements Builder<Dataquery> {
  readonly #sql: string;
  readonly #shape: Shape;

  constructor(sql: string, shape: Shape) {
    this.#sql = sql;
    this.#shape = shape;
  }

  build(): Dataquery {
    return { ...queryModel(this.#sql, this.#shape, DATASOURCE), _implementsDataqueryVariant() {} } as Dataquery;
  }
}
