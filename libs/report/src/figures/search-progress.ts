import { formatMultiplyAdds } from '@nss/space';
import type { TopLevelSpec } from 'vega-lite';
import type { TrajectoryPoint } from '../data.ts';
import { colour, costUnitOf, panelTitle } from './theme.ts';

/** Mean cost under theta on its way to the target, and the loss of the theta steps, over the iterations of a search. */
export function searchProgress(targetMultiplyAdds: number, trajectory: readonly TrajectoryPoint[]): TopLevelSpec {
  const unit = costUnitOf(targetMultiplyAdds);
  const values = trajectory.map(({ iteration, meanMultiplyAdds, loss }) => ({
    iteration,
    cost: meanMultiplyAdds / unit.size,
    loss,
  }));
  const x = {
    field: 'iteration',
    type: 'quantitative' as const,
    title: 'iteration',
    scale: { nice: false, zero: false },
    axis: { tickCount: 6, format: ',d' },
  };
  const line = { type: 'line' as const, color: colour('elite'), strokeWidth: 1.5 };
  const target = { cost: targetMultiplyAdds / unit.size, name: `target ${formatMultiplyAdds(targetMultiplyAdds)}` };
  const cost = {
    field: 'cost',
    type: 'quantitative' as const,
    title: `mean cost (${unit.name})`,
    axis: { tickCount: 5 },
  };
  const loss = {
    field: 'loss',
    type: 'quantitative' as const,
    title: 'loss (nats)',
    scale: { zero: false },
    axis: { tickCount: 5 },
  };
  return {
    bounds: 'flush',
    spacing: 84,
    hconcat: [
      {
        width: 385,
        height: 150,
        layer: [
          panelTitle('Mean cost under theta'),
          { data: { values: finite(values, 'cost') }, mark: line, encoding: { x, y: cost } },
          {
            data: { values: [target] },
            mark: { type: 'rule', color: colour('ink'), strokeDash: [4, 3] },
            encoding: { y: cost },
          },
          {
            data: { values: [target] },
            mark: { type: 'text', align: 'right', baseline: 'bottom', x: 385, dy: -3, color: colour('ink') },
            encoding: { y: cost, text: { field: 'name' } },
          },
        ],
      },
      {
        width: 385,
        height: 150,
        layer: [
          panelTitle('Loss of the theta steps'),
          { data: { values: finite(values, 'loss') }, mark: line, encoding: { x, y: loss } },
        ],
      },
    ],
  };
}

const finite = <K extends string>(values: readonly Record<K | 'iteration', number>[], field: K) =>
  values.filter((value) => Number.isFinite(value[field]));
