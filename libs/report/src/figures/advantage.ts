import type { TopLevelSpec } from 'vega-lite';
import { colour } from './theme.ts';

/** matched - elite mean error of one target, in percentage points, with its 95% interval. */
export type Advantage = {
  readonly target: string;
  readonly points: number;
  readonly low: number;
  readonly high: number;
};

/** The advantage of every Elite Space with its interval; hollow where the interval includes zero. */
export function advantageOfTargets(advantages: readonly Advantage[]): TopLevelSpec {
  const x = {
    type: 'quantitative' as const,
    title: 'advantage of the Elite Space (percentage points of error)',
    scale: { zero: true, nice: true },
    axis: { grid: true, tickCount: 8 },
  };
  const y = {
    field: 'target',
    type: 'ordinal' as const,
    title: null,
    sort: null,
    axis: { labelColor: colour('ink'), labelFontSize: 12 },
  };
  return {
    width: 640,
    height: { step: 26 },
    layer: [
      {
        data: { values: [{ zero: 0 }] },
        mark: { type: 'rule', color: colour('ink') },
        encoding: { x: { ...x, field: 'zero' } },
      },
      {
        data: { values: [...advantages] },
        mark: { type: 'rule', color: colour('elite'), strokeWidth: 2 },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
      },
      {
        data: { values: advantages.filter(({ low, high }) => low > 0 || high < 0) },
        mark: { type: 'point', filled: true, size: 60, opacity: 1, color: colour('elite') },
        encoding: { x: { ...x, field: 'points' }, y },
      },
      {
        data: { values: advantages.filter(({ low, high }) => low <= 0 && high >= 0) },
        mark: { type: 'point', fill: colour('paper'), size: 60, opacity: 1, color: colour('elite') },
        encoding: { x: { ...x, field: 'points' }, y },
      },
    ],
  };
}
