import { edf } from '@nss/analysis';
import type { TopLevelSpec } from 'vega-lite';
import { type ColourName, colour, panelTitle } from './theme.ts';

/** One empirical distribution function. */
export type Distribution = { readonly values: readonly number[]; readonly colour: ColourName };

export type DistributionPanel = { readonly title: string; readonly distributions: readonly Distribution[] };

export type DistributionPanels = {
  readonly panels: readonly DistributionPanel[];
  readonly xTitle: string;
  /** What is shown of the x axis; values outside still count. */
  readonly domain: readonly [number, number];
  /** A shaded range of x. */
  readonly band?: readonly [number, number];
};

/** Empirical distribution functions (EDF), a panel a target, all on the same axes so that they can be compared. */
export function distributionPanels({ panels, xTitle, domain, band }: DistributionPanels): TopLevelSpec {
  const columns = panels.length % 4 === 0 ? 4 : Math.min(panels.length, 3);
  const width = columns === 1 ? 420 : Math.floor(930 / columns) - 70;
  const x = {
    field: 'value',
    type: 'quantitative' as const,
    title: xTitle,
    scale: { domain: [...domain], nice: false, zero: false },
    axis: { tickCount: 5, grid: true },
  };
  const y = {
    field: 'share',
    type: 'quantitative' as const,
    title: 'share of architectures',
    scale: { domain: [0, 1] },
    axis: { tickCount: 5, format: '.0%' },
  };
  return {
    columns,
    bounds: 'flush',
    spacing: { row: 76, column: 70 },
    concat: panels.map(({ title, distributions }, i) => ({
      width,
      height: 180,
      layer: [
        panelTitle(title),
        ...(band
          ? [
              {
                data: { values: [{ value: band[0], to: band[1] }] },
                mark: { type: 'rect' as const, color: colour('muted'), opacity: 0.15 },
                encoding: { x, x2: { field: 'to' } },
              },
            ]
          : []),
        ...distributions.map((distribution) => ({
          data: { values: steps(distribution.values, domain) },
          mark: {
            type: 'line' as const,
            interpolate: 'step-after' as const,
            color: colour(distribution.colour),
            strokeWidth: 1.75,
          },
          encoding: { x, y: { ...y, title: i % columns === 0 ? y.title : null } },
        })),
      ],
    })),
  };
}

/** The corners of an EDF inside a range, from its left edge to its right. */
export function steps(values: readonly number[], [low, high]: readonly [number, number]) {
  if (values.length === 0) return [];
  const { x, share } = edf(values);
  const inside = Array.from(x.keys()).filter((i) => x[i] > low && x[i] <= high);
  const before = x.filter((value) => value <= low).length;
  const corners = [
    { value: low, share: before > 0 ? share[before - 1] : 0 },
    ...inside.map((i) => ({ value: x[i], share: share[i] })),
  ];
  return [...corners, { value: high, share: corners[corners.length - 1].share }];
}
