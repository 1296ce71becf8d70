import {
  ARCHITECTURES_FILE,
  type Evaluation,
  type EvaluationSpec,
  type FieldViolation,
  type SuperNetwork,
  writeArchitectures,
} from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import { invalidArgument } from '@nss/rpc';
import type { Trainer } from '@nss/search';
import { type Architecture, formatArchitecture } from '@nss/space';
import { type TrainerTools, weightsOf, withTrainer } from '@nss/trainer-jobs';
import { type MeasuredRow, summariesOf } from './comparison.ts';
import type { ComparisonThread } from './comparison-thread.ts';
import { toEvaluation } from './evaluation-spec.ts';
import { distinctArchitectures, drawPopulations, keyOf, type Row } from './populations.ts';
import { sessionOf } from './super-network.ts';

export type EvaluationTools = TrainerTools & {
  readonly comparisons: ComparisonThread;
  /** Throws NOT_FOUND when there is none of this name. */
  readonly findSuperNetwork: (name: string, tenant: string) => Promise<SuperNetwork>;
};

/** Everything that is wrong with the spec of an evaluation. */
export function evaluationViolations(spec: EvaluationSpec | undefined): FieldViolation[] {
  const violations: FieldViolation[] = [];
  toEvaluation(spec, violations);
  return violations;
}

/** Draws populations and measures them, as sub-networks of a super network that has been trained, on held-out images (method section 5). */
export async function runEvaluation(job: RunningJob<Evaluation>, tools: EvaluationTools): Promise<void> {
  const violations: FieldViolation[] = [];
  const { spec } = job.resource();
  const evaluation = toEvaluation(spec, violations);
  if (!spec || !evaluation) throw invalidArgument(violations);
  const { work, populations, calibrationImages } = evaluation;
  const { dataset, searchSpace } = spec;
  const superNetwork = await tools.findSuperNetwork(evaluation.superNetwork, job.tenant);
  const weights = weightsOf('SUPER_NETWORK', superNetwork, { dataset, searchSpace });

  const rows = await drawPopulations(work.space, work.input, populations, work.seed);
  const architectures = distinctArchitectures(rows);
  const measurements = await withTrainer(job, tools, sessionOf(superNetwork), async (trainer, progressed) => {
    await trainer.load(weights);
    const store = async (measurements: Measurements) => {
      await storeMeasurements(job, measurements);
      progressed();
    };
    return measure(job, trainer, architectures, calibrationImages, { store, everyMs: tools.checkpointEveryMs });
  });
  const measured = measuredRows(rows, architectures, measurements);
  const texts = measured.map((row) => ({ ...row, architecture: formatArchitecture(row.architecture) }));
  const architecturesArtifact = await job.artifacts.put(ARCHITECTURES_FILE, writeArchitectures(texts));
  const errors = measured.map(({ population, errorPercent }) => ({ population, errorPercent }));
  const result = {
    populations: summariesOf(populations, measured),
    comparisons: await tools.comparisons.compare({ populations, rows: errors, seed: work.seed }),
    architecturesArtifact,
  };
  await job.update((resource) => ({ ...resource, result }));
}

/** What was measured so far, in the order of the architectures. */
type Measurements = { errorsPercent: number[]; losses: number[] };

/** Measures architectures. What was measured before this worker took the job is not measured again. */
async function measure(
  job: RunningJob<Evaluation>,
  trainer: Trainer,
  architectures: readonly Architecture[],
  calibrationImages: number,
  { store, everyMs }: { readonly store: (measurements: Measurements) => Promise<void>; readonly everyMs: number },
): Promise<Measurements> {
  const { errorsPercent, losses } = await loadMeasurements(job);
  const activity = 'measuring architectures';
  let storedAt = performance.now();
  let chunkSize = firstChunk;
  while (losses.length < architectures.length) {
    const chunk = architectures.slice(losses.length, losses.length + chunkSize);
    const sentAt = performance.now();
    const found = await trainer.evaluate(chunk, calibrationImages);
    // The more at once, the more they share, but what is under way when a trainer goes is lost: a quarter of that time at most.
    if (8 * (performance.now() - sentAt) < everyMs) chunkSize = Math.min(2 * chunkSize, largestChunk);
    errorsPercent.push(...found.errorsPercent);
    losses.push(...found.losses);
    job.progress({ activity, completed: losses.length, total: architectures.length, unit: 'architectures' });
    // Also before this process goes: another worker measures what is left.
    if (!job.signal.aborted && performance.now() - storedAt < everyMs) continue;
    await store({ errorsPercent, losses });
    storedAt = performance.now();
    job.signal.throwIfAborted();
  }
  await store({ errorsPercent, losses });
  return { errorsPercent, losses };
}

function measuredRows(
  rows: readonly Row[],
  architectures: readonly Architecture[],
  { errorsPercent, losses }: Measurements,
): MeasuredRow[] {
  const indices = new Map(architectures.map((architecture, i) => [keyOf(architecture), i]));
  return rows.map((row) => {
    const i = indices.get(keyOf(row.architecture)) as number;
    return { ...row, errorPercent: errorsPercent[i], loss: losses[i] };
  });
}

/** An artifact rather than the job's state, which is too small for tens of thousands of numbers. */
const MEASUREMENTS_FILE = 'measured.json';

async function loadMeasurements(job: RunningJob<Evaluation>): Promise<Measurements> {
  const stored = await job.artifacts.get(MEASUREMENTS_FILE);
  return stored ? JSON.parse(new TextDecoder().decode(stored)) : { errorsPercent: [], losses: [] };
}

async function storeMeasurements(job: RunningJob<Evaluation>, measurements: Measurements): Promise<void> {
  await job.artifacts.put(MEASUREMENTS_FILE, JSON.stringify(measurements));
  await job.advanced();
}

/** Architectures in the first command. */
const firstChunk = 8;
/** Bounds the statistics that a trainer holds meanwhile. */
const largestChunk = 1024;
