import type { TopLevelSpec } from 'vega-lite';
import type { JobKind } from '../data.ts';
import { type ColourName, colour } from './theme.ts';

/** A stretch of time, in seconds since the start of the campaign, in which a trainer worked for a job. */
export type TrainerSpan = {
  readonly trainer: string;
  readonly kind: JobKind;
  /** Short name of the job, written into the bar where there is room. */
  readonly label: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly failed: boolean;
};

export const kindColours: Record<Exclude<JobKind, 'campaign'>, ColourName> = {
  warmup: 'warmup',
  search: 'search',
  superNetwork: 'super-network',
  evaluation: 'evaluation',
  nas: 'nas',
  training: 'training',
};

const WIDTH = 790;
/** Room a character of a bar's label takes, in pixels. */
const CHARACTER_WIDTH = 6;

/** What every trainer did when: one row a trainer, one bar a lease. */
export function timeline(spans: readonly TrainerSpan[], totalSeconds: number): TopLevelSpec {
  const end = spans.reduce((latest, { endSeconds }) => Math.max(latest, endSeconds), totalSeconds);
  const unit =
    end < 300 ? { name: 's', size: 1 } : end < 4 * 3600 ? { name: 'min', size: 60 } : { name: 'h', size: 3600 };
  const bars = spans.map((span) => ({
    ...span,
    from: span.startSeconds / unit.size,
    to: span.endSeconds / unit.size,
    middle: (span.startSeconds + span.endSeconds) / 2 / unit.size,
  }));
  const x = {
    field: 'from',
    type: 'quantitative' as const,
    title: `time since the start of the campaign (${unit.name})`,
    scale: { domain: [0, end / unit.size], nice: false },
    axis: { grid: true, tickCount: 8 },
  };
  const y = {
    field: 'trainer',
    type: 'ordinal' as const,
    title: null,
    sort: null,
    scale: { paddingInner: 0.3, paddingOuter: 0.15 },
    axis: { labelColor: colour('ink'), labelFontSize: 12, labelLimit: 130 },
  };
  const bar = { type: 'bar' as const, stroke: colour('paper'), strokeWidth: 1 };
  return {
    width: WIDTH,
    height: { step: 38 },
    layer: [
      ...Object.entries(kindColours).map(([kind, name]) => ({
        data: { values: bars.filter((span) => span.kind === kind) },
        mark: { ...bar, color: colour(name) },
        encoding: { x, x2: { field: 'to' }, y },
      })),
      {
        data: { values: bars.filter(({ failed }) => failed) },
        mark: {
          type: 'tick' as const,
          orient: 'vertical' as const,
          color: colour('failure'),
          thickness: 3,
          height: 26,
        },
        encoding: { x: { ...x, field: 'to' }, y },
      },
      {
        data: {
          values: bars.filter(
            ({ label, startSeconds, endSeconds }) =>
              ((endSeconds - startSeconds) / end) * WIDTH > label.length * CHARACTER_WIDTH + 8,
          ),
        },
        mark: { type: 'text' as const, color: colour('paper'), fontSize: 10.5 },
        encoding: { x: { ...x, field: 'middle' }, y, text: { field: 'label' } },
      },
    ],
  };
}
