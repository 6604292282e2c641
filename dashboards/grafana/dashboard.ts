// A board of the definitions as classic dashboard JSON.
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type Annotation, type Board, placePanels, type Variable } from '../definitions/board.ts';
import { variableTypes } from '../definitions/boards.ts';
import { toGrafana } from '../definitions/macros.ts';
import { SHADES } from '../definitions/tone.ts';
import { grafanaPanel } from './panels.ts';
import { ClickHouseQuery, DATASOURCE, DATASOURCE_TYPE, queryModel } from './query.ts';

const TAG = 'swarmscope';

/** The JSON text of a board, the same on every run. */
export function dashboardJson(board: Board): string {
  const types = variableTypes(board);
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: `now-${board.range}`, to: 'now' })
    .refresh(`${board.refreshS}s`)
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .link(menu())
    .withVariable(
      new DatasourceVariableBuilder('datasource')
        .label('Data source')
        .description('The ClickHouse that is asked.')
        .type(DATASOURCE_TYPE),
    );
  for (const variable of board.variables) builder.withVariable(queryVariable(variable, types));
  for (const annotation of board.annotations) builder.annotation(annotationQuery(annotation, types));
  for (const placed of placePanels(board)) builder.withPanel(grafanaPanel(placed, types));
  return `${JSON.stringify(builder.build(), inSight, 2)}\n`;
}

/** The SDK hides links and annotations in a menu by default; they belong on top of the board. */
function inSight(key: string, value: unknown): unknown {
  return key === 'placement' && value === 'inControlsMenu' ? undefined : value;
}

function queryVariable(variable: Variable, types: Readonly<Record<string, string>>): QueryVariableBuilder {
  return new QueryVariableBuilder(variable.name)
    .label(variable.title)
    .description(variable.description)
    .datasource({ ...DATASOURCE })
    .query(queryModel(toGrafana(variable.sql, types), 'table', DATASOURCE))
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .allowCustomValue(true);
}

function annotationQuery(annotation: Annotation, types: Readonly<Record<string, string>>): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(annotation.name)
    .datasource({ ...DATASOURCE })
    .enable(true)
    .iconColor(SHADES[annotation.tone].dark)
    .target(new ClickHouseQuery(toGrafana(annotation.sql, types), 'table'));
}

/** Every board has a menu of all others, which keeps the time range and the network. */
function menu(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('Swarmscope')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .keepTime(true)
    .includeVars(true)
    .asDropdown(false);
}
