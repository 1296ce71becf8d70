import { formatMultiplyAdds } from '@nss/space';
import type { TopLevelSpec } from 'vega-lite';
import { colour, costUnitOf, panelTitle } from './theme.ts';

/** An evaluated architecture: its cost in multiply-adds and its error in percent. */
export type MeasuredPoint = { readonly multiplyAdds: number; readonly errorPercent: number };

export type ErrorAgainstCost = {
  readonly targetMultiplyAdds: number;
  /** Drawn from the Elite Space. */
  readonly elite: readonly MeasuredPoint[];
  /** Drawn from the search space at the cost of the Elite Space. */
  readonly matched: readonly MeasuredPoint[];
  /** Drawn from all of the search space. */
  readonly sample: readonly MeasuredPoint[];
  /** The Pareto front of all architectures evaluated, cheapest first. */
  readonly front: readonly MeasuredPoint[];
};

/**
 * Error against cost, twice: the Elite Space in all of the search space (cost on a log scale), and the costs around the target with
 * the architectures of the search space that cost the same.
 */
export function errorAgainstCost(data: ErrorAgainstCost): TopLevelSpec {
  const near = [...data.elite, ...data.matched];
  const [low, high] = rangeOf([...near.map(({ multiplyAdds }) => multiplyAdds), data.targetMultiplyAdds], 0.04);
  const all = [...near, ...data.sample];
  const dearest = all.reduce((most, { multiplyAdds }) => Math.max(most, multiplyAdds), 0);
  return {
    hconcat: [
      panel('All of the search space', data, 'log', [...all, ...data.front], frontWithin(data.front, 0, dearest), [
        cloud(data.sample, 'sample'),
        cloud(data.elite, 'elite'),
      ]),
      panel('Around the target', data, 'linear', near, frontWithin(data.front, low, high), [
        cloud(data.matched, 'matched'),
        cloud(data.elite, 'elite'),
      ]),
    ],
    bounds: 'flush',
    spacing: 84,
  };
}

type Cloud = ReturnType<typeof cloud>;

function panel(
  title: string,
  data: ErrorAgainstCost,
  scale: 'log' | 'linear',
  extent: readonly MeasuredPoint[],
  front: readonly MeasuredPoint[],
  clouds: readonly Cloud[],
) {
  const unit = costUnitOf(data.targetMultiplyAdds);
  const scaled = (points: readonly MeasuredPoint[]) =>
    points.map(({ multiplyAdds, errorPercent }) => ({ cost: multiplyAdds / unit.size, error: errorPercent }));
  const costs = [...extent.map(({ multiplyAdds }) => multiplyAdds), data.targetMultiplyAdds];
  const padding = scale === 'log' ? 0 : 0.04;
  const x = {
    field: 'cost',
    type: 'quantitative' as const,
    title: unit.axisTitle,
    scale: {
      type: scale,
      domain: rangeOf(costs, padding).map((cost) => cost / unit.size),
      nice: false,
    },
    axis: { tickCount: scale === 'log' ? 4 : 6, format: scale === 'log' ? '~r' : '~g' },
  };
  const y = {
    field: 'error',
    type: 'quantitative' as const,
    title: 'error (% of images)',
    scale: {
      zero: false,
      nice: false,
      domain: rangeOf(
        extent.map(({ errorPercent }) => errorPercent),
        0.04,
      ),
    },
    axis: { tickCount: 6 },
  };
  const target = {
    cost: data.targetMultiplyAdds / unit.size,
    name: `target ${formatMultiplyAdds(data.targetMultiplyAdds)}`,
  };
  return {
    width: 385,
    height: 300,
    layer: [
      panelTitle(title),
      ...clouds.map(({ points, mark }) => ({
        data: { values: scaled(points) },
        mark,
        encoding: { x, y },
      })),
      {
        data: { values: scaled(front) },
        mark: { type: 'line' as const, interpolate: 'step-after' as const, color: colour('ink'), strokeWidth: 1.25 },
        encoding: { x, y },
      },
      {
        data: { values: [target] },
        mark: { type: 'rule' as const, color: colour('ink'), strokeDash: [4, 3] },
        encoding: { x },
      },
      {
        data: { values: [target] },
        mark: { type: 'text' as const, align: 'left' as const, dx: 5, y: 6, color: colour('ink') },
        encoding: { x, text: { field: 'name' } },
      },
    ],
  };
}

/** The three clouds differ in form as well as in colour: filled, hollow, faint. */
const clouds = {
  elite: { type: 'point', filled: true, size: 16, opacity: 0.75, color: colour('elite') },
  matched: { type: 'point', filled: false, size: 18, strokeWidth: 1, opacity: 0.8, color: colour('matched') },
  sample: { type: 'point', filled: true, size: 12, opacity: 0.6, color: colour('sample') },
} as const;

function cloud(points: readonly MeasuredPoint[], kind: keyof typeof clouds) {
  return { points, mark: clouds[kind] };
}

/** The part of a front between two costs, with the steps that enter and leave it. */
function frontWithin(front: readonly MeasuredPoint[], low: number, high: number): MeasuredPoint[] {
  const before = front.filter(({ multiplyAdds }) => multiplyAdds < low).at(-1);
  const inside = front.filter(({ multiplyAdds }) => multiplyAdds >= low && multiplyAdds <= high);
  const last = inside.at(-1) ?? before;
  return [
    ...(before ? [{ ...before, multiplyAdds: low }] : []),
    ...inside,
    ...(last ? [{ ...last, multiplyAdds: high }] : []),
  ];
}

/** Smallest and largest value, widened by a share of their distance. */
function rangeOf(values: readonly number[], padding: number): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const margin = (high - low) * padding || Math.abs(high) * padding;
  return [low - margin, high + margin];
}
