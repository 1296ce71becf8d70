import { colour, drawSvgFile } from '@nss/report';
import type { TopLevelSpec } from 'vega-lite';
import type { CampaignJob } from './campaign-jobs.ts';
import { criticalPath, makespanOf, trainerSecondsOf } from './simulate.ts';
import type { Point } from './tables.ts';

/** Makespan and trainer use over the number of trainers; dashed: no trainer ever idle, and the longest chain of jobs. */
export function scalingFigure(points: readonly Point[], jobs: readonly CampaignJob[]): Promise<string> {
  const x = {
    field: 'trainers',
    type: 'quantitative' as const,
    title: 'trainers',
    scale: { type: 'log' as const, base: 2 },
    axis: { values: points.map(({ trainers }) => trainers) },
  };
  const total = trainerSecondsOf(jobs) / 3600;
  const chain = trainerSecondsOf(criticalPath(jobs)) / 3600;
  const values = points.map(({ trainers, schedule }) => {
    const hours = makespanOf(schedule) / 3600;
    return { trainers, hours, ideal: total / trainers, chain, percent: (100 * total) / (trainers * hours) };
  });
  const hours = (field: string, mark: object) => ({
    mark: { type: 'line' as const, ...mark },
    encoding: {
      x,
      y: { field, type: 'quantitative' as const, title: 'makespan (hours)', scale: { type: 'log' as const } },
    },
  });
  const dashed = { strokeDash: [4, 4], color: colour('muted') };
  const spec: TopLevelSpec = {
    data: { values },
    hconcat: [
      {
        width: 300,
        height: 220,
        layer: [
          hours('ideal', dashed),
          hours('chain', dashed),
          hours('hours', { color: colour('elite'), point: { filled: true, color: colour('elite') } }),
        ],
      },
      {
        width: 300,
        height: 220,
        mark: { type: 'line', color: colour('matched'), point: { filled: true, color: colour('matched') } },
        encoding: {
          x,
          y: { field: 'percent', type: 'quantitative', title: 'trainer use (%)', scale: { domain: [0, 100] } },
        },
      },
    ],
  };
  return drawSvgFile(spec, 'Inter');
}
