import { colour, panelTitle } from '@nss/report';
import { formatMultiplyAdds } from '@nss/space';
import type { TopLevelSpec } from 'vega-lite';
import { legend } from './colours.ts';

/** One number of one architecture search; errors have one for every training. */
export type NasPoint = {
  readonly target: number;
  readonly source: string;
  readonly seed: number;
  readonly value: number;
};

export type NasPanel = {
  readonly title: string;
  readonly yTitle: string;
  readonly points: readonly NasPoint[];
  /** Linear around the values unless told. */
  readonly scale?: 'log' | 'from zero';
  /** A shaded range. */
  readonly band?: readonly [number, number];
};

/** What architecture searches found, a panel a number: a point for every search or training, a bar at the mean. */
export function nasOutcomes(
  panels: readonly NasPanel[],
  targets: readonly number[],
  sources: readonly string[],
): TopLevelSpec {
  const color = {
    field: 'source',
    type: 'nominal' as const,
    scale: { domain: [...sources], range: [colour('elite'), colour('matched')] },
    legend,
  };
  const x = {
    field: 'target',
    type: 'ordinal' as const,
    title: 'target',
    sort: targets.map(formatMultiplyAdds),
    axis: { labelAngle: 0 },
  };
  const xOffset = { field: 'source', type: 'nominal' as const, sort: [...sources], scale: { paddingOuter: 0.4 } };
  return {
    hconcat: panels.map(({ title, yTitle, points, scale, band }) => {
      const values = points.map((point) => ({ ...point, target: formatMultiplyAdds(point.target) }));
      const y = {
        field: 'value',
        type: 'quantitative' as const,
        title: yTitle,
        scale: scale === 'log' ? { type: scale } : { zero: scale === 'from zero' },
        axis: { tickCount: 5, format: '.4~r' },
      };
      return {
        width: Math.max(180, 70 * targets.length),
        height: 240,
        layer: [
          panelTitle(title),
          ...(band
            ? [
                {
                  data: { values: [{ low: band[0], high: band[1] }] },
                  mark: { type: 'rect' as const, color: colour('muted'), opacity: 0.15 },
                  encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' } },
                },
              ]
            : []),
          {
            data: { values },
            mark: { type: 'point' as const, filled: true, size: 26, opacity: 0.6 },
            encoding: { x, xOffset, y, color },
          },
          {
            data: { values },
            mark: { type: 'tick' as const, thickness: 2, size: 18, opacity: 1 },
            encoding: { x, xOffset, y: { ...y, aggregate: 'mean' as const }, color },
          },
        ],
      };
    }),
    resolve: { legend: { color: 'shared' }, scale: { color: 'shared' } },
    bounds: 'flush',
    spacing: 70,
  };
}
