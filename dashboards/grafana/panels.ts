// Panels of definitions as panels of Grafana, with the defaults of its SDK that would mislead set right.
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  type Panel as GrafanaPanel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as Heatmap, HeatmapColorMode, HeatmapColorOptionsBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Panel, PlacedPanel, TimeSeriesPanel } from '../definitions/board.ts';
import { toGrafana } from '../definitions/macros.ts';
import { SHADES } from '../definitions/tone.ts';
import { type Override, overridesOf, stepsOf, unitOf } from './fields.ts';
import { ClickHouseQuery, DATASOURCE, type Shape } from './query.ts';

/** Buckets of time in a chart: as many as the built-in page has. Without it Grafana asks for one per pixel. */
const BUCKETS = 120;

/** What every panel builder of the SDK can. */
interface Frame extends Builder<GrafanaPanel> {
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: { type: string; uid: string }): this;
  gridPos(place: { x: number; y: number; w: number; h: number }): this;
  withTarget(target: ClickHouseQuery): this;
  unit(unit: string): this;
  noValue(text: string): this;
  thresholds(thresholds: ThresholdsConfigBuilder): this;
  maxDataPoints(count: number): this;
  overrides(overrides: Override[]): this;
}

/** A panel at its place; `types` are the variables of its board. */
export function grafanaPanel({ panel, number, x, y, w, h }: PlacedPanel, types: Readonly<Record<string, string>>): Frame {
  const shape: Shape = panel.kind === 'timeseries' || panel.kind === 'heatmap' ? 'timeseries' : 'table';
  const figure = panel.columns.find(({ unit }) => !['word', 'hex', 'time'].includes(unit)) ?? panel.columns[0]!;
  return builderOf(panel)
    .id(number)
    .title(panel.title)
    .description(panel.description)
    .datasource({ ...DATASOURCE })
    .gridPos({ x, y, w, h })
    .withTarget(new ClickHouseQuery(toGrafana(panel.sql, types), shape))
    .maxDataPoints(BUCKETS)
    .unit(unitOf(figure))
    .noValue(panel.empty)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(stepsOf()))
    .overrides(overridesOf(panel));
}

function builderOf(panel: Panel): Frame {
  switch (panel.kind) {
    case 'stat':
      return new Stat()
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
        .graphMode(BigValueGraphMode.None)
        .colorMode(BigValueColorMode.Value)
        .textMode(BigValueTextMode.ValueAndName)
        .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds));
    case 'timeseries':
      return timeSeries(panel);
    case 'table':
      return new Table().showHeader(true).filterable(panel.searchable ?? false);
    case 'bars':
      return new BarGauge()
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(true).limit(25))
        .displayMode(BarGaugeDisplayMode.Basic)
        .orientation(VizOrientation.Horizontal)
        .showUnfilled(true)
        .min(0);
    case 'heatmap':
      return new Heatmap()
        .calculate(false)
        .cellGap(1)
        .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('RdYlGn').steps(16).min(0).max(8))
        .hideLegend();
  }
}

function timeSeries(panel: TimeSeriesPanel): Frame {
  const stacks = panel.draw !== 'line';
  const word = panel.columns.find((column) => column.unit === 'word');
  const builder = new TimeSeries()
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .drawStyle(panel.draw === 'bars' ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .lineWidth(panel.draw === 'line' ? 2 : 1)
    .fillOpacity(panel.draw === 'line' ? 0 : 70)
    .showPoints(VisibilityMode.Auto)
    .spanNulls(false)
    .stacking(new StackingConfigBuilder().mode(stacks ? StackingMode.Normal : StackingMode.None).group('A'))
    .colorScheme(
      new FieldColorBuilder()
        .mode(word ? FieldColorModeId.PaletteClassicByName : FieldColorModeId.PaletteClassic)
        .fixedColor(SHADES.plain.dark),
    )
    .min(0);
  return word ? builder.displayName(`$${`{__field.labels.${word.name}}`}`) : builder;
}
