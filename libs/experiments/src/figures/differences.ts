import type { Estimate } from '@nss/analysis';
import { colour } from '@nss/report';
import type { TopLevelSpec } from 'vega-lite';
import { coloursOf, legend } from './colours.ts';

/** A difference with its interval, in a row and, among those of the row, of a series. */
export type Difference = Estimate & { readonly row: string; readonly series: string };

/** Differences with their 95% intervals: one row a target, one colour a series; hollow where the interval includes zero. */
export function differences(all: readonly Difference[], { xTitle }: { readonly xTitle: string }): TopLevelSpec {
  const series = [...new Set(all.map((each) => each.series))];
  const x = {
    type: 'quantitative' as const,
    title: xTitle,
    scale: { zero: true, nice: true },
    axis: { grid: true, tickCount: 8 },
  };
  const y = {
    field: 'row',
    type: 'ordinal' as const,
    title: null,
    sort: null,
    axis: { labelColor: colour('ink'), labelFontSize: 12 },
  };
  const yOffset = { field: 'series', type: 'nominal' as const, sort: null };
  const color = {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: series, range: coloursOf(series.length) },
    legend,
  };
  const decided = ({ low, high }: Estimate) => low > 0 || high < 0;
  const shown = all.filter(({ estimate }) => !Number.isNaN(estimate));
  return {
    width: 560,
    height: { step: 20 },
    layer: [
      {
        data: { values: [{ zero: 0 }] },
        mark: { type: 'rule', color: colour('ink') },
        encoding: { x: { ...x, field: 'zero' } },
      },
      {
        data: { values: shown },
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, yOffset, color },
      },
      {
        data: { values: shown.filter(decided) },
        mark: { type: 'point', filled: true, size: 60, opacity: 1 },
        encoding: { x: { ...x, field: 'estimate' }, y, yOffset, color },
      },
      {
        data: { values: shown.filter((each) => !decided(each)) },
        mark: { type: 'point', fill: colour('paper'), size: 60, opacity: 1 },
        encoding: { x: { ...x, field: 'estimate' }, y, yOffset, color },
      },
    ],
  };
}
