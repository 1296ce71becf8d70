import { depthBins, type NetworkSpace, type Range, type SearchSpace, widthBins } from '@nss/space';
import type { TopLevelSpec } from 'vega-lite';
import type { TrajectoryPoint } from '../data.ts';
import { colour, panelTitle } from './theme.ts';

/** More columns than this cannot be told apart on paper. */
const MAX_COLUMNS = 80;

const FIGURE_WIDTH = 940;
/** Room for the axis of the next panel. */
const GUTTER = 78;

const variables = ['depth', 'width'] as const;

/**
 * Probability of every bin over the iterations of a search: a column of panels per stage, depth above width. Arrows mark the
 * bins of the Elite Space.
 */
export function thetaOverTime(
  searchSpace: SearchSpace,
  trajectory: readonly TrajectoryPoint[],
  eliteSpace: NetworkSpace,
): TopLevelSpec {
  const columns = thin(trajectory, MAX_COLUMNS);
  const perRow = Math.min(searchSpace.stages.length, 4);
  const rows = Array.from({ length: Math.ceil(searchSpace.stages.length / perRow) }, (_, row) => row * perRow);
  const panels = rows.flatMap((first) =>
    variables.flatMap((variable) =>
      searchSpace.stages.slice(first, first + perRow).map((stage, offset) => {
        const i = first + offset;
        const bins = variable === 'depth' ? depthBins(stage) : widthBins(stage);
        const elite = eliteSpace.stages[i]?.[variable];
        return panel({
          title: `Stage ${i + 1}: ${variable}`,
          width: Math.floor(FIGURE_WIDTH / perRow) - GUTTER,
          bins,
          steps: columns.map(({ iteration, stages }) => ({ iteration, probabilities: stages[i]?.[variable] ?? [] })),
          elite: bins.find(({ min, max }) => elite && min <= elite.min && elite.max <= max),
          yTitle: variable === 'depth' ? 'blocks' : 'channels',
          xTitle: variable === 'width' ? 'iteration' : null,
        });
      }),
    ),
  );
  return { concat: panels, columns: perRow, bounds: 'flush', spacing: { row: 52, column: GUTTER } };
}

type Step = { readonly iteration: number; readonly probabilities: readonly number[] };

type Panel = {
  readonly title: string;
  readonly width: number;
  readonly bins: readonly Range[];
  readonly steps: readonly Step[];
  readonly elite: Range | undefined;
  readonly yTitle: string;
  readonly xTitle: string | null;
};

function panel({ title, width, bins, steps, elite, yTitle, xTitle }: Panel) {
  const labels = bins.map(labelOf);
  const first = steps[0].iteration;
  const end = endOf(steps);
  const y = {
    field: 'bin',
    type: 'ordinal' as const,
    title: yTitle,
    scale: { domain: labels.toReversed(), paddingInner: 0.06 },
    axis: { labelFontSize: 10, domain: false, grid: false, titleX: -46 },
  };
  const x = {
    field: 'from',
    type: 'quantitative' as const,
    title: xTitle,
    scale: { domain: [first, end], nice: false, round: true, zero: false },
    axis: { tickCount: 4, format: ',d' },
  };
  return {
    width,
    height: bins.length * (bins.length <= 8 ? 18 : 12),
    layer: [
      panelTitle(title),
      {
        data: { values: cells(steps, labels) },
        mark: { type: 'rect' as const, color: colour('elite') },
        encoding: {
          x,
          x2: { field: 'to' },
          y,
          opacity: {
            field: 'probability',
            type: 'quantitative' as const,
            scale: { domain: [0, 1], range: [0, 1] },
            legend: null,
          },
        },
      },
      {
        data: { values: elite ? [{ bin: labelOf(elite) }] : [] },
        mark: {
          type: 'point' as const,
          shape: 'triangle-left',
          filled: true,
          size: 42,
          opacity: 1,
          x: width + 8,
          color: colour('ink'),
        },
        encoding: { y },
      },
    ],
  };
}

/** One rectangle for every stretch of iterations in which a bin's probability stays the same to the percent. */
export function cells(steps: readonly Step[], labels: readonly string[]) {
  const end = endOf(steps);
  return labels.flatMap((bin, j) => {
    const runs: { bin: string; from: number; to: number; probability: number }[] = [];
    steps.forEach(({ iteration, probabilities }, k) => {
      const probability = Math.round((probabilities[j] ?? 0) * 100) / 100;
      const to = steps[k + 1]?.iteration ?? end;
      const last = runs.at(-1);
      if (last && last.probability === probability) last.to = to;
      else runs.push({ bin, from: iteration, to, probability });
    });
    return runs.filter(({ probability }) => probability > 0);
  });
}

/** Where the last column ends: as far behind its iteration as the one before was. */
function endOf(steps: readonly Step[]): number {
  const last = steps[steps.length - 1].iteration;
  return last + (steps.length > 1 ? last - steps[steps.length - 2].iteration : 1);
}

/** At most `count` of the items, evenly spread, the first and the last among them. */
export function thin<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, k) => items[Math.round((k * (items.length - 1)) / (count - 1))]);
}

const labelOf = ({ min, max }: Range) => (min === max ? `${min}` : `${min}\u2013${max}`);
