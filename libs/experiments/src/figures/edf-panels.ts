import { panelTitle, steps } from '@nss/report';
import type { TopLevelSpec } from 'vega-lite';
import { coloursOf, legend } from './colours.ts';

/** A named set of values. */
export type EdfSet = { readonly name: string; readonly values: readonly number[] };

export type EdfPanel = {
  readonly title: string;
  readonly sets: readonly EdfSet[];
  /** What is shown of the x axis; values outside still count. All of them unless told. */
  readonly domain?: readonly [number, number];
};

/** Empirical distribution functions (EDF), a panel a comparison. A set has the same colour in every panel. */
export function edfPanels(
  panels: readonly EdfPanel[],
  { xTitle, yTitle }: { readonly xTitle: string; readonly yTitle: string },
): TopLevelSpec {
  const names = [...new Set(panels.flatMap(({ sets }) => sets.map(({ name }) => name)))];
  const color = {
    field: 'set',
    type: 'nominal' as const,
    scale: { domain: names, range: coloursOf(names.length) },
    legend: { ...legend, symbolType: 'stroke' as const, symbolStrokeWidth: 2 },
  };
  return {
    hconcat: panels.map(({ title, sets, domain }) => {
      const [low, high] = domain ?? rangeOf(sets.flatMap(({ values }) => values));
      const x = {
        field: 'value',
        type: 'quantitative' as const,
        title: xTitle,
        scale: { domain: [low, high], nice: false, zero: false },
        axis: { tickCount: 6, grid: true },
      };
      const y = {
        field: 'share',
        type: 'quantitative' as const,
        title: yTitle,
        scale: { domain: [0, 1] },
        axis: { tickCount: 5, format: '.0%' },
      };
      return {
        width: 320,
        height: 260,
        layer: [
          panelTitle(title),
          {
            data: {
              values: sets.flatMap(({ name, values }) =>
                steps(values, [low, high]).map((corner) => ({ set: name, ...corner })),
              ),
            },
            mark: { type: 'line' as const, interpolate: 'step-after' as const, strokeWidth: 1.75 },
            encoding: { x, y, color },
          },
        ],
      };
    }),
    resolve: { legend: { color: 'shared' }, scale: { color: 'shared' } },
    bounds: 'flush',
    spacing: 80,
  };
}

/** From just below the smallest value to the largest. */
function rangeOf(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (values.length === 0) return [0, 1];
  return [low - (high - low || 1) * 0.02, high];
}
