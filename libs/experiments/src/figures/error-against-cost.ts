import { paretoFront } from '@nss/analysis';
import type { MeasuredArchitecture } from '@nss/contracts';
import { colour, costUnitOf, panelTitle } from '@nss/report';
import { formatMultiplyAdds } from '@nss/space';
import type { TopLevelSpec } from 'vega-lite';
import { coloursOf, legend } from './colours.ts';

/** What one super network measured: networks of the search space, and of the Elite Space of every target. */
export type CostPanel = {
  readonly title: string;
  readonly searchSpace: readonly MeasuredArchitecture[];
  readonly elites: readonly { readonly target: number; readonly networks: readonly MeasuredArchitecture[] }[];
};

const searchSpaceName = 'search space';
const eliteName = (target: number) => `Elite Space, ${formatMultiplyAdds(target)}`;

/** Error against FLOPs as in the paper's figure 3: a panel a seed, and in it the Pareto front of all that was measured. */
export function errorAgainstCost(panels: readonly CostPanel[], targets: readonly number[]): TopLevelSpec {
  const unit = costUnitOf(Math.max(...targets));
  const names = [searchSpaceName, ...targets.map(eliteName)];
  const color = {
    field: 'set',
    type: 'nominal' as const,
    scale: { domain: names, range: [colour('sample'), ...coloursOf(targets.length)] },
    legend,
  };
  const x = {
    field: 'cost',
    type: 'quantitative' as const,
    title: unit.axisTitle,
    scale: { type: 'log' as const, nice: false },
    axis: { tickCount: 4, format: '~r' },
  };
  const y = {
    field: 'error',
    type: 'quantitative' as const,
    title: 'error (% of images)',
    scale: { zero: false },
    axis: { tickCount: 6 },
  };
  const scaled = (set: string, networks: readonly MeasuredArchitecture[]) =>
    networks.map(({ multiplyAdds, errorPercent, architecture }) => ({
      set,
      cost: multiplyAdds / unit.size,
      error: errorPercent,
      architecture,
    }));
  return {
    hconcat: panels.map(({ title, searchSpace, elites }) => {
      const points = [
        ...scaled(searchSpaceName, searchSpace),
        ...elites.flatMap(({ target, networks }) => scaled(eliteName(target), networks)),
      ];
      return {
        width: panels.length === 1 ? 520 : 300,
        height: 300,
        layer: [
          panelTitle(points.length > 0 ? title : `${title}: no result`),
          {
            data: { values: points },
            mark: { type: 'point' as const, filled: true, size: 14, opacity: 0.7 },
            encoding: { x, y, color },
          },
          {
            data: { values: frontOf(points) },
            mark: {
              type: 'line' as const,
              interpolate: 'step-after' as const,
              color: colour('ink'),
              strokeWidth: 1.25,
            },
            encoding: { x, y },
          },
        ],
      };
    }),
    resolve: { legend: { color: 'shared' }, scale: { color: 'shared', x: 'shared', y: 'shared' } },
    bounds: 'flush',
    spacing: 70,
  };
}

function frontOf<Point extends { cost: number; error: number }>(points: readonly Point[]): Point[] {
  return paretoFront(points).map((i) => points[i]);
}
