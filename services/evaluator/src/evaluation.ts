import { type Evaluation, type EvaluationSpec, type FieldViolation, toNetworkSpace } from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import { invalidArgument } from '@nss/rpc';
import { type Architecture, formatArchitecture, type NetworkSpace, randomOf } from '@nss/space';
import { checkBatch, type Trained, type TrainerTools, toSettings, toWork, trainFor } from '@nss/trainer-jobs';
import { ARCHITECTURES_FILE, architecturesCsv } from './architectures-csv.ts';
import { compareHypervolumes, compareSpaces, type MeasuredRow } from './comparison.ts';
import { distinctArchitectures, drawRows, type Row } from './rows.ts';

/** Everything that is wrong with the spec of an evaluation. */
export function evaluationViolations(spec: EvaluationSpec | undefined): FieldViolation[] {
  const violations: FieldViolation[] = [];
  toEvaluation(spec, violations);
  return violations;
}

/**
 * Trains a stand-alone super network with uniform draws on all training images, then measures sub-networks of every space and of
 * the search space on held-out images, and compares (method section 5).
 */
export async function runEvaluation(job: RunningJob<Evaluation>, tools: TrainerTools): Promise<void> {
  const violations: FieldViolation[] = [];
  const evaluation = toEvaluation(job.resource().spec, violations);
  if (!evaluation) throw invalidArgument(violations);
  const { work, settings, spaces } = evaluation;
  const rows = await drawRows(work.space, work.input, spaces, settings.architecturesPerSpace, work.seed);
  const architectures = distinctArchitectures(rows);
  const measurements = await trainFor(
    job,
    tools,
    {
      work,
      space: work.space,
      weights: settings.weights,
      split: 'all',
      // Never the super network that a search used, not even its initial weights.
      seed: randomOf(work.seed, 'evaluation', 'super-network').integer(0, 2 ** 31 - 1),
      activity: 'training the super network',
      stepsAfter: architectures.length,
    },
    (trained) => measure(job, trained, architectures, settings.calibrationImages, tools.checkpointEveryMs),
  );
  const measured = measuredRows(rows, architectures, measurements);
  const labels = spaces.map(({ label }) => label);
  const hypervolumes = compareHypervolumes(measured);
  const architecturesArtifact = await job.artifacts.put(ARCHITECTURES_FILE, architecturesCsv(measured));
  await job.update((resource) => ({
    ...resource,
    result: {
      comparisons: compareSpaces(measured, labels, work.seed),
      architecturesArtifact,
      hypervolumeElite: hypervolumes.elite,
      hypervolumeSearchSpace: hypervolumes.searchSpace,
    },
  }));
}

/** What was measured so far, in the order of the architectures. */
type Measurements = { errorsPercent: number[]; losses: number[] };

/** Measures architectures. What was measured before this worker took the job is not measured again. */
async function measure(
  job: RunningJob<Evaluation>,
  { trainer, progress }: Trained,
  architectures: readonly Architecture[],
  calibrationImages: number,
  storeEveryMs: number,
): Promise<Measurements> {
  const { errorsPercent, losses } = await loadMeasurements(job);
  let storedAt = Date.now();
  while (losses.length < architectures.length) {
    job.signal.throwIfAborted();
    const chunk = architectures.slice(losses.length, losses.length + chunkSize);
    const found = await trainer.evaluate(chunk, calibrationImages);
    errorsPercent.push(...found.errorsPercent);
    losses.push(...found.losses);
    progress('measuring architectures', losses.length);
    if (Date.now() - storedAt < storeEveryMs) continue;
    await storeMeasurements(job, { errorsPercent, losses });
    storedAt = Date.now();
  }
  await storeMeasurements(job, { errorsPercent, losses });
  return { errorsPercent, losses };
}

function measuredRows(
  rows: readonly Row[],
  architectures: readonly Architecture[],
  { errorsPercent, losses }: Measurements,
): MeasuredRow[] {
  const indices = new Map(architectures.map((architecture, i) => [formatArchitecture(architecture), i]));
  return rows.map((row) => {
    const i = indices.get(formatArchitecture(row.architecture)) as number;
    return { ...row, errorPercent: errorsPercent[i], loss: losses[i] };
  });
}

/** An artifact rather than the job's state, which is too small for tens of thousands of numbers. */
const MEASUREMENTS_FILE = 'measurements.json';

async function loadMeasurements(job: RunningJob<Evaluation>): Promise<Measurements> {
  const stored = await job.artifacts.get(MEASUREMENTS_FILE);
  return stored ? JSON.parse(new TextDecoder().decode(stored)) : { errorsPercent: [], losses: [] };
}

async function storeMeasurements(job: RunningJob<Evaluation>, measurements: Measurements): Promise<void> {
  await job.artifacts.put(MEASUREMENTS_FILE, JSON.stringify(measurements));
}

function toEvaluation(spec: EvaluationSpec | undefined, violations: FieldViolation[]) {
  if (!spec) {
    violations.push({ field: 'spec', description: 'expected what to evaluate, found nothing' });
    return undefined;
  }
  const work = toWork(spec, violations);
  const settings = toSettings('evaluation', spec.settings, violations);
  checkBatch(settings?.weights, work?.images.all, 'spec.settings.weights', violations);
  if (spec.spaces.length < 1 || spec.spaces.length > mostSpaces) {
    const description = `expected 1 to ${mostSpaces} spaces, found ${spec.spaces.length}`;
    violations.push({ field: 'spec.spaces', description });
  }
  const spaces = spec.spaces.flatMap(({ label, space }, i): { label: string; space: NetworkSpace }[] => {
    const path = `spec.spaces[${i}]`;
    if (!/^[a-z0-9][a-z0-9.-]{0,63}$/.test(label)) {
      const description = `expected 1 to 64 lower-case letters, digits, dots and hyphens, found "${label}"`;
      violations.push({ field: `${path}.label`, description });
    }
    const first = spec.spaces.findIndex((other) => other.label === label);
    if (first < i) {
      violations.push({
        field: `${path}.label`,
        description: `"${label}" is the label of spec.spaces[${first}] already`,
      });
    }
    const within = toNetworkSpace(space, `${path}.space`, violations, work?.space);
    return within ? [{ label, space: within }] : [];
  });
  return violations.length === 0 && work && settings ? { work, settings, spaces } : undefined;
}

const chunkSize = 8;
const mostSpaces = 1_000;
