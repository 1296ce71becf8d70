import {
  drawArchitecture,
  drawNormal,
  formatArchitecture,
  type NetworkSpace,
  parseArchitecture,
  type Random,
  randomOf,
  type SearchSpace,
  type StageBins,
  spaceOfBins,
  targetLabel,
  wholeSpace,
} from '@nss/space';
import {
  type ArchitectureRow,
  type ArchitectureSource,
  evaluationReport,
  type JobReport,
  type MeasuredSpace,
  type NasReport,
  type ReportData,
  type SearchReport,
  type TrainingReport,
} from '../src/index.ts';

const searchSpace: SearchSpace = {
  stemWidth: 16,
  stages: [1, 2, 2].map((stride) => ({
    stride,
    depth: { min: 1, max: 4 },
    width: { min: 1, max: 64 },
    depthBinSize: 1,
    widthBinSize: 4,
  })),
};

export type SyntheticOptions = {
  readonly targets?: readonly number[];
  readonly seeds?: readonly number[];
  /** Architectures of each kind and space. */
  readonly architectures?: number;
  readonly random?: number;
};

/** A campaign like those that the preset `small` makes, with made-up errors that fall with cost. */
export function syntheticReport(options: SyntheticOptions = {}): ReportData {
  const { targets = [2e6, 4e6, 8e6, 16e6], seeds = [0], architectures = 300 } = options;
  const random = randomOf(options.random ?? 1, 'synthetic');
  const searches = targets.flatMap((target) => seeds.map((seed) => syntheticSearch(random, target, seed)));
  const labelOf = (search: SearchReport) =>
    targetLabel(search.targetMultiplyAdds) + (seeds.length > 1 ? `-s${search.seed}` : '');
  const rowsOf = (label: string, source: ArchitectureSource, space: NetworkSpace, range?: [number, number]) =>
    Array.from({ length: architectures }, () => syntheticRow(random, label, source, space, range));
  const whole = wholeSpace(searchSpace);
  const rows = [
    ...rowsOf('', 'search-space', whole),
    ...searches.flatMap((search) => {
      const label = labelOf(search);
      const elite = rowsOf(label, 'elite', search.eliteSpace);
      const costs = elite.map(({ multiplyAdds }) => multiplyAdds).sort((a, b) => a - b);
      const window: [number, number] = [costs[Math.floor(costs.length * 0.05)], costs[Math.floor(costs.length * 0.95)]];
      return [...elite, ...rowsOf(label, 'matched', whole, window)];
    }),
  ];
  const nasRuns = searches.flatMap(({ targetMultiplyAdds, seed, eliteSpace }): NasReport[] =>
    (['elite', 'search-space'] as const).map((source) => {
      const row = syntheticRow(random, '', source, source === 'elite' ? eliteSpace : whole, [
        targetMultiplyAdds * 0.9,
        targetMultiplyAdds * 1.1,
      ]);
      return {
        targetMultiplyAdds,
        seed,
        source,
        architecture: row.architecture,
        multiplyAdds: row.multiplyAdds,
        deviation: row.multiplyAdds / targetMultiplyAdds - 1,
        draws: source === 'elite' ? 5 : random.integer(6, 60),
        hitRate: source === 'elite' ? 0.6 : 0.05 + random.uniform() * 0.1,
      };
    }),
  );
  const trainings = nasRuns.map(({ targetMultiplyAdds, seed, source, architecture, multiplyAdds }): TrainingReport => {
    const mean = errorAt(multiplyAdds) - 16 + (source === 'elite' ? 0 : 1.4);
    return {
      targetMultiplyAdds,
      seed,
      source,
      architecture,
      testErrorsPercent: [0, 1, 2].map(() => mean + drawNormal(random) * 0.4),
    };
  });
  const startTime = new Date('2026-03-02T09:14:00Z');
  const jobs = syntheticJobs(random, searches, nasRuns);
  return {
    campaign: {
      id: 'small-cifar10',
      dataset: 'cifar10',
      preset: 'small',
      targetsMultiplyAdds: targets,
      seeds,
      phases: ['warmup', 'search', 'evaluation', 'nas', 'training', 'report'],
      searchSpace,
      input: { height: 16, width: 16, channels: 3, classes: 10 },
      testImages: 2000,
      settings: {
        dataset: { name: 'cifar10', imageSize: 16, trainImages: 10000, testImages: 2000 },
        search: {
          weights: { epochs: 10, batchSize: 64, sgd: { learningRate: 0.05, finalLearningRate: 0.001 } },
          theta: { lambda: 2, initialTemperature: 5, finalTemperature: 0.001, adam: { beta1: 0.5, beta2: 0.999 } },
          draws: 5,
        },
        searchSpace: { stemWidth: 16, stages: searchSpace.stages.map(({ stride }) => ({ stride })) },
      },
      overrides: { search: { theta: { lambda: 2 } } },
      startTime,
      endTime: new Date(startTime.getTime() + Math.max(...jobs.map(({ endSeconds = 0 }) => endSeconds)) * 1000),
      version: '0.1.0',
      commit: '4f0c1d2e3b5a69788776655443322110ffeeddcc',
    },
    searches,
    evaluations: [
      evaluationReport({
        id: 'small-cifar10-super-network',
        seed: 0,
        spaces: searches.map((search) => {
          const label = labelOf(search);
          return {
            label,
            targetMultiplyAdds: search.targetMultiplyAdds,
            seed: search.seed,
            advantage: advantageOf(
              rows.filter((row) => row.label === label && row.source === 'elite'),
              rows.filter((row) => row.label === label && row.source === 'matched'),
            ),
          };
        }),
        architectures: rows,
      }),
    ],
    nasRuns,
    trainings,
    jobs,
  };
}

function syntheticSearch(random: Random, targetMultiplyAdds: number, seed: number): SearchReport {
  const drawBins = () => searchSpace.stages.map(() => ({ depth: random.integer(0, 3), width: random.integer(0, 15) }));
  const drawn = Array.from({ length: 4000 }, drawBins).map((bins) => {
    const space = spaceOfBins(searchSpace, bins);
    const meanMultiplyAdds = meanCost(space);
    return { bins, space, meanMultiplyAdds, deviation: meanMultiplyAdds / targetMultiplyAdds - 1 };
  });
  const best = drawn.sort((a, b) => Math.abs(a.deviation) - Math.abs(b.deviation)).slice(0, 5);
  const elite = best[random.integer(0, 1)];
  const draws = [best[3], best[4], elite, best[2], best[3]].map(({ bins: _, ...draw }) => draw);
  const costs = Array.from({ length: 2000 }, () =>
    architectureCost(formatArchitecture(drawArchitecture(random, elite.space))),
  ).sort((a, b) => a - b);
  return {
    targetMultiplyAdds,
    seed,
    eliteSpace: elite.space,
    certificate: {
      architectures: 64,
      meanMultiplyAdds: elite.meanMultiplyAdds,
      minMultiplyAdds: costs[0],
      maxMultiplyAdds: costs[costs.length - 1],
      quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map((probability) => ({
        probability,
        multiplyAdds: costs[Math.floor(probability * costs.length)],
      })),
      deviation: elite.deviation,
      shareWithin10Percent:
        costs.filter((cost) => Math.abs(cost / targetMultiplyAdds - 1) <= 0.1).length / costs.length,
      exact: true,
      shareError: 0,
    },
    draws,
    trajectory: trajectoryTo(random, elite.bins, targetMultiplyAdds),
    taskLoss: true,
  };
}

/** Theta that wanders towards the bins, as logits with noise. */
function trajectoryTo(random: Random, bins: readonly StageBins[], target: number): SearchReport['trajectory'] {
  const logits = bins.map(() => ({ depth: new Float64Array(4), width: new Float64Array(16) }));
  const points = 120;
  return Array.from({ length: points }, (_, k) => {
    const done = k / (points - 1);
    logits.forEach((stage, i) => {
      for (const variable of ['depth', 'width'] as const) {
        stage[variable].forEach((_, j) => {
          const distance = Math.abs(j - bins[i][variable]);
          stage[variable][j] += done * (0.09 * Math.exp(-distance) - 0.012 * distance) + drawNormal(random) * 0.05;
        });
      }
    });
    return {
      iteration: 234 + k * 5,
      stages: logits.map(({ depth, width }) => ({ depth: softmax(depth), width: softmax(width) })),
      meanMultiplyAdds: target * (1 + 1.4 * Math.exp(-6 * done) + drawNormal(random) * 0.02),
      loss: 2.2 - 0.7 * done + drawNormal(random) * 0.12 + Math.exp(-6 * done),
      temperature: 5 * (1 - done) + 0.001,
    };
  });
}

function syntheticRow(
  random: Random,
  label: string,
  source: ArchitectureSource,
  space: NetworkSpace,
  window: [number, number] = [0, Number.POSITIVE_INFINITY],
): ArchitectureRow {
  for (let tries = 0; ; tries++) {
    const architecture = formatArchitecture(drawArchitecture(random, space));
    const multiplyAdds = architectureCost(architecture);
    if ((multiplyAdds < window[0] || multiplyAdds > window[1]) && tries < 20_000) continue;
    const handicap = source === 'elite' ? 0 : 2 + random.uniform() * 12;
    const errorPercent = Math.min(90, errorAt(multiplyAdds) + handicap + drawNormal(random) * 1.3);
    return { label, source, architecture, multiplyAdds, errorPercent, loss: errorPercent / 35 };
  }
}

function advantageOf(
  elite: readonly ArchitectureRow[],
  matched: readonly ArchitectureRow[],
): MeasuredSpace['advantage'] {
  const mean = (rows: readonly ArchitectureRow[]) =>
    rows.reduce((sum, { errorPercent }) => sum + errorPercent, 0) / rows.length;
  const advantagePercent = mean(matched) - mean(elite);
  return {
    advantagePercent,
    advantageLowPercent: advantagePercent - 0.7,
    advantageHighPercent: advantagePercent + 0.7,
  };
}

function syntheticJobs(random: Random, searches: readonly SearchReport[], nasRuns: readonly NasReport[]): JobReport[] {
  const free = [0, 0];
  const run = (
    job: Pick<JobReport, 'kind' | 'id' | 'targetMultiplyAdds' | 'seed' | 'source'>,
    after: number,
    seconds: number,
  ) => {
    const t = free[0] <= free[1] ? 0 : 1;
    const startSeconds = Math.max(free[t], after);
    free[t] = startSeconds + seconds * (0.9 + 0.2 * random.uniform());
    return {
      ...job,
      state: 'succeeded' as const,
      startSeconds: after,
      endSeconds: free[t] + 0.4,
      trainerUses: [
        { trainer: `trainer-${t + 1}`, engine: 'tensorflow 2.21.0, 1 thread', startSeconds, endSeconds: free[t] },
      ],
    };
  };
  const warmup = run({ kind: 'warmup', id: 'small-cifar10-warmup-s0', seed: 0 }, 2, 110);
  const superNetwork = run({ kind: 'superNetwork', id: 'small-cifar10-super-network' }, 2, 600);
  const searchJobs = searches.map(({ targetMultiplyAdds, seed }) =>
    run(
      {
        kind: 'search',
        id: `small-cifar10-search-${targetLabel(targetMultiplyAdds)}-s${seed}`,
        targetMultiplyAdds,
        seed,
      },
      warmup.endSeconds,
      240,
    ),
  );
  const ready = searchJobs.reduce((latest, { endSeconds }) => Math.max(latest, endSeconds), 0);
  const evaluationJobs = searches.map(({ targetMultiplyAdds, seed }) =>
    run(
      {
        kind: 'evaluation',
        id: `small-cifar10-evaluation-${targetLabel(targetMultiplyAdds)}-s${seed}`,
        targetMultiplyAdds,
        seed,
      },
      ready,
      90,
    ),
  );
  const nasJobs = nasRuns.map(({ targetMultiplyAdds, seed, source }) =>
    run(
      {
        kind: 'nas',
        id: `small-cifar10-nas-${targetLabel(targetMultiplyAdds)}-s${seed}-${source}`,
        targetMultiplyAdds,
        seed,
        source,
      },
      ready,
      200,
    ),
  );
  const trainingJobs = nasRuns.flatMap(({ targetMultiplyAdds, seed, source }, i) =>
    [0, 1, 2].map((repeat) =>
      run(
        {
          kind: 'training',
          id: `small-cifar10-training-${targetLabel(targetMultiplyAdds)}-s${seed}-${source}-r${repeat}`,
          targetMultiplyAdds,
          seed,
          source,
        },
        nasJobs[i].endSeconds,
        60,
      ),
    ),
  );
  return [warmup, superNetwork, ...searchJobs, ...evaluationJobs, ...nasJobs, ...trainingJobs];
}

/** Percent; falls with cost. */
const errorAt = (multiplyAdds: number) => 34 + 18 * (multiplyAdds / 1e6) ** -0.35;

function architectureCost(text: string): number {
  const stages = parseArchitecture(text).stages;
  let side = 16;
  let before = 16;
  let cost = 9 * 3 * 16 * side ** 2;
  stages.forEach(({ depth, width }, i) => {
    side /= i === 0 ? 1 : 2;
    cost += side ** 2 * (10 * before * width + 9 * width ** 2 + (depth - 1) * 18 * width ** 2);
    before = width;
  });
  return cost + before * 10 + 10;
}

/** Cost of the middle architecture: near enough to the mean for pictures. */
function meanCost(space: NetworkSpace): number {
  const middle = ({ min, max }: { min: number; max: number }) => Math.round((min + max) / 2);
  return architectureCost(space.stages.map(({ depth, width }) => `${middle(depth)}x${middle(width)}`).join('-'));
}

function softmax(logits: Float64Array): number[] {
  const exponentials = Array.from(logits, (logit) => Math.exp(logit));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
