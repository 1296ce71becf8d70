import { writeFile } from 'node:fs/promises';
import type { NssClient } from '@nss/client';
import { CampaignSpec, Phase } from '@nss/contracts';
import { colour, drawSvgFile } from '@nss/report';
import { drawArchitecture, formatArchitecture, parseSpace, randomOf } from '@nss/space';
import { campaignSeconds, withMesh } from './mesh.ts';
import { type BenchContext, type Part, type Row, rowOf } from './part.ts';
import type { StepsOf } from './workloads/growth-steps.ts';

/** How the time of something grows with one quantity. */
type Series = {
  readonly id: string;
  /** What takes the time. */
  readonly what: string;
  /** What grows, with its unit. */
  readonly by: string;
  readonly unit: 'ms' | 's';
  readonly points: readonly { readonly size: number; readonly time: number }[];
};

const THREADS = 2;
const PICTURE = new URL('../docs/images/growth.svg', import.meta.url);
const CHANGED: { readonly id: keyof StepsOf; readonly by: string; readonly sizes: readonly number[] }[] = [
  { id: 'imageSize', by: 'height and width of images (pixels)', sizes: [8, 16, 24, 32, 48] },
  { id: 'width', by: 'channels of every stage', sizes: [16, 32, 64, 96, 128] },
  { id: 'depth', by: 'blocks of every stage', sizes: [1, 2, 4, 6, 8] },
];
const ARCHITECTURES = [15, 30, 60, 120, 240];
const TARGETS = [2e6, 4e6, 8e6, 16e6];

/** How cost grows with images, width, depth, architectures, targets and trainers; draws a plot of each. */
export const growth: Part = {
  id: 'growth',
  what: 'how time grows with images, width, depth, architectures, targets, trainers; draws docs/images/growth.svg',
  async measure(context) {
    const found = [...(await trainingSteps(context)), await architectures(context), await targets(), await trainers()];
    await writeFile(PICTURE, await drawSvgFile(picture(found), 'sans-serif'));
    return found.flatMap(rowsOf);
  },
};

async function trainingSteps({ workload }: BenchContext): Promise<Series[]> {
  const series: Series[] = [];
  for (const { id, by, sizes } of CHANGED) {
    const points = [];
    for (const size of sizes) {
      const [{ median_ms }] = await workload<{ median_ms: number }[]>('growth-steps', [id, size], { threads: THREADS });
      points.push({ size, time: median_ms });
    }
    series.push({ id, what: 'training step', by, unit: 'ms', points });
  }
  return series;
}

async function architectures({ workload }: BenchContext): Promise<Series> {
  const random = randomOf(0, 'draws');
  const space = parseSpace('1..4x1..16-1..4x1..16-1..4x1..16');
  const points = [];
  for (const size of ARCHITECTURES) {
    const drawn = Array.from({ length: size }, () => formatArchitecture(drawArchitecture(random, space)));
    const { seconds } = await workload<{ seconds: number }>('evaluation', [drawn.join(','), 1], { threads: THREADS });
    points.push({ size, time: seconds });
  }
  return { id: 'architectures', what: 'evaluation', by: 'architectures of a coarse space', unit: 's', points };
}

/** One trainer a core. */
async function targets(): Promise<Series> {
  return withMesh({ trainers: 2, threadsPerTrainer: 1 }, async (nss) => {
    await search(nss, 'first', 1);
    const points = [];
    for (const size of [1, 2, 3, 4]) points.push({ size, time: await search(nss, `targets-${size}`, size) });
    return { id: 'targets', what: 'warmup, search, evaluation', by: 'targets of a campaign', unit: 's', points };
  });
}

async function trainers(): Promise<Series> {
  const points = [];
  for (const size of [1, 2]) {
    const time = await withMesh({ trainers: size, threadsPerTrainer: 1 }, async (nss) => {
      await search(nss, 'first', 1);
      return search(nss, 'all', TARGETS.length);
    });
    points.push({ size, time });
  }
  return { id: 'trainers', what: 'four targets', by: 'trainers of one thread', unit: 's', points };
}

/** Seconds of a campaign to the evaluation; `small` with a fiftieth of its images. */
function search(nss: NssClient, id: string, targetCount: number): Promise<number> {
  const spec = CampaignSpec.create({
    dataset: 'cifar10',
    preset: 'small',
    targetsMultiplyAdds: TARGETS.slice(0, targetCount),
    phases: [Phase.WARMUP, Phase.SEARCH, Phase.EVALUATION],
    overrides: {
      dataset: { trainImages: 200, testImages: 100 },
      evaluation: { architecturesPerSpace: 50, calibrationImages: 100 },
      training: { calibrationImages: 100 },
    },
  });
  return campaignSeconds(nss, `growth-${id}`, spec);
}

const rowsOf = ({ id, what, by, unit, points }: Series): Row[] =>
  points.map(({ size, time }) => rowOf(`growth/${id}/${size}`, `${what}, ${size} ${by}`, time, unit));

/** A panel a series, axes from zero, so that what is in proportion is a straight line. */
function picture(series: readonly Series[]): Parameters<typeof drawSvgFile>[0] {
  return {
    columns: 3,
    spacing: { row: 40, column: 60 },
    concat: series.map(({ what, by, unit, points }) => ({
      width: 230,
      height: 150,
      title: { text: what, anchor: 'start' as const, fontSize: 12, color: colour('ink') },
      data: { values: [...points] },
      mark: { type: 'line' as const, point: true, color: colour('elite'), strokeWidth: 1.5 },
      encoding: {
        x: {
          field: 'size',
          type: 'quantitative' as const,
          title: by,
          axis: { values: points.map(({ size }) => size) },
          scale: { zero: true, nice: false },
        },
        y: { field: 'time', type: 'quantitative' as const, title: `time (${unit})`, axis: { tickCount: 5 } },
      },
    })),
  };
}
