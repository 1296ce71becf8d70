import type { Objects } from '@nss/bus';
import {
  type Architecture as ArchitectureMessage,
  type AverageCheckpoints,
  type Checkpoint,
  type EvaluateArchitectures,
  type ExportNetwork,
  type FieldViolation,
  type LoadCheckpoint,
  type MeasureTaskLosses,
  type OpenSession,
  type SaveCheckpoint,
  type SessionRequest,
  SessionResponse,
  Split,
  type StageMixture,
  type ThetaStep,
  Trainer,
  toArchitecture,
  toDatasetSpec,
  toSearchSpace,
  type WeightSteps,
} from '@nss/contracts';
import { type CallContext, failedPrecondition, invalidArgument } from '@nss/rpc';
import { type Architecture, type SearchSpace, wholeSpace } from '@nss/space';
import type { OpenedLease } from '@nss/trainers';
import { asyncOf, type CheckpointStore } from './checkpoints.ts';
import { type Command, type Measure, measureCommands } from './command-telemetry.ts';
import type { SessionSettings } from './commands.ts';
import { explainTensorError, threadLost } from './errors.ts';
import { checkOwn, checkReadable } from './object-names.ts';
import type { TensorThread } from './tensor-thread.ts';

export type SessionParts = {
  readonly trainerId: string;
  readonly thread: TensorThread;
  readonly checkpoints: CheckpointStore;
  /** The bucket of files that jobs leave. */
  readonly artifacts: Objects;
};

/**
 * One session: commands in, one reply each, in order. The first command opens it; `opened` decides whether the lease that it
 * names is held and gives the job that it is for. The network lives as long as the session.
 */
export async function* runSession(
  requests: AsyncIterable<SessionRequest>,
  context: CallContext,
  parts: SessionParts,
  opened: (leaseId: string) => OpenedLease,
): AsyncGenerator<SessionResponse> {
  const { thread, trainerId } = parts;
  let session: { readonly space: SearchSpace; readonly measure: Measure } | undefined;
  let lease: OpenedLease | undefined;
  try {
    for await (const { command } of requests) {
      context.signal.throwIfAborted();
      if (!command) throw invalidArgument([{ field: 'command', description: 'expected one that SessionRequest has' }]);
      if (command.$case === 'open') {
        if (lease) throw failedPrecondition('the session is open already; start another stream for another network');
        lease = opened(command.value.leaseId);
        const settings = toSettings(command.value);
        const measure = measureCommands(settings.weights.batchSize);
        session = { space: settings.space, measure };
        yield await measure(command, async () => {
          const { busySeconds } = await thread.run('open', settings);
          const { description, threads } = thread.engine;
          const value = Trainer.create({ trainerId, engine: description, threads, leaseId: command.value.leaseId });
          return SessionResponse.create({ reply: { $case: 'open', value }, busySeconds });
        });
      } else {
        if (!session || !lease) throw failedPrecondition('the first command of a session must be open');
        const { space, measure } = session;
        const { job } = lease;
        yield await measure(command, () => answer(command, { space, job }, parts));
      }
    }
  } catch (error) {
    throw thread.lost.aborted ? threadLost(error) : explainTensorError(error);
  } finally {
    if (session) await thread.run('close', undefined).catch(() => {});
    lease?.giveBack();
  }
}

async function answer(
  command: Exclude<Command, { $case: 'open' }>,
  { space, job }: { readonly space: SearchSpace; readonly job: string },
  { thread, checkpoints, artifacts }: SessionParts,
): Promise<SessionResponse> {
  switch (command.$case) {
    case 'weightSteps': {
      const { value: losses, busySeconds } = await thread.run('weightSteps', toWeightSteps(command.value, space));
      return SessionResponse.create({ reply: { $case: 'weightSteps', value: { losses } }, busySeconds });
    }
    case 'thetaStep': {
      const { value: found, busySeconds } = await thread.run('thetaStep', toThetaStep(command.value, space));
      const gradients = found.gradients.map(({ depthWeights, widthWeights }) => ({
        depthWeights: [...depthWeights],
        widthWeights: [...widthWeights],
      }));
      const value = { loss: found.loss, gradients };
      return SessionResponse.create({ reply: { $case: 'thetaStep', value }, busySeconds });
    }
    case 'taskLosses': {
      const { value: losses, busySeconds } = await thread.run('taskLosses', toTaskLosses(command.value, space));
      return SessionResponse.create({ reply: { $case: 'taskLosses', value: { losses } }, busySeconds });
    }
    case 'evaluate': {
      const { value: results, busySeconds } = await thread.run('evaluate', toEvaluation(command.value, space));
      const value = {
        errorsPercent: results.map(({ errorPercent }) => errorPercent),
        losses: results.map(({ loss }) => loss),
      };
      return SessionResponse.create({ reply: { $case: 'evaluate', value }, busySeconds });
    }
    case 'export': {
      const { artifact, ...network } = toExport(command.value, space, job);
      const { value: chunks, busySeconds } = await thread.run('export', network);
      const { digest, bytes } = await artifacts.putStream(artifact, asyncOf(chunks));
      return SessionResponse.create({ reply: { $case: 'export', value: { digest, bytes } }, busySeconds });
    }
    case 'save': {
      const checkpointId = toCheckpointId(command.value, job);
      const { value: chunks, busySeconds } = await thread.run('save', undefined);
      const value = await checkpoints.save(checkpointId, chunks);
      return SessionResponse.create({ reply: { $case: 'save', value }, busySeconds });
    }
    case 'load': {
      const chunks = await checkpoints.load(toCheckpoint(command.value, job));
      const { busySeconds } = await thread.run('load', chunks);
      return SessionResponse.create({ reply: { $case: 'load', value: {} }, busySeconds });
    }
    case 'average': {
      let busySeconds = 0;
      // One after the other: only one of them is in memory.
      for (const { checkpoint, samples } of toShares(command.value, job)) {
        const chunks = await checkpoints.load(checkpoint);
        busySeconds += (await thread.run('addToMean', { chunks, samples })).busySeconds;
      }
      busySeconds += (await thread.run('takeMean', undefined)).busySeconds;
      return SessionResponse.create({ reply: { $case: 'average', value: {} }, busySeconds });
    }
  }
}

function toSettings(open: OpenSession): SessionSettings {
  const violations: FieldViolation[] = [];
  const dataset = toDatasetSpec(open.dataset, 'open.dataset', violations);
  const space = toSearchSpace(open.searchSpace, 'open.search_space', violations);
  const { weights } = open;
  if (!weights?.sgd || !weights.augmentation) {
    violations.push({ field: 'open.weights', description: 'expected batch size, sgd and augmentation' });
  } else if (!(weights.batchSize >= 1)) {
    violations.push({
      field: 'open.weights.batch_size',
      description: `expected at least 1, found ${weights.batchSize}`,
    });
  }
  if (violations.length > 0 || !dataset || !space || !weights?.sgd || !weights.augmentation) {
    throw invalidArgument(violations);
  }
  const { momentum, weightDecay, gradientClip } = weights.sgd;
  const { batchSize, augmentation } = weights;
  const training = { batchSize, momentum, weightDecay, gradientClip, augmentation };
  return { dataset, space, weights: training, seed: open.seed };
}

function toWeightSteps({ split, steps }: WeightSteps, space: SearchSpace) {
  const violations: FieldViolation[] = [];
  if (split !== Split.ALL && split !== Split.WEIGHTS) {
    violations.push({
      field: 'weight_steps.split',
      description: `expected SPLIT_ALL or SPLIT_WEIGHTS, found ${split}`,
    });
  }
  const checked = steps.flatMap(({ iteration, architecture, learningRate }, i) => {
    const path = `weight_steps.steps[${i}]`;
    checkIteration(iteration, `${path}.iteration`, violations);
    const value = toArchitecture(architecture, `${path}.architecture`, violations, wholeSpace(space));
    return value ? [{ iteration, architecture: value, learningRate }] : [];
  });
  if (violations.length > 0) throw invalidArgument(violations);
  return { split: split === Split.ALL ? ('all' as const) : ('weights' as const), steps: checked };
}

function checkIteration(iteration: number, field: string, violations: FieldViolation[]): void {
  if (iteration >= 0) return;
  violations.push({ field, description: `expected at least 0, found ${iteration}` });
}

function toThetaStep({ iteration, stages }: ThetaStep, space: SearchSpace) {
  const violations: FieldViolation[] = [];
  checkIteration(iteration, 'theta_step.iteration', violations);
  if (stages.length !== space.stages.length) {
    const description = `expected ${space.stages.length} stages, found ${stages.length}`;
    violations.push({ field: 'theta_step.stages', description });
  } else {
    for (const [i, stage] of stages.entries())
      checkMixture(stage, space.stages[i], `theta_step.stages[${i}]`, violations);
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return { iteration, mixtures: stages };
}

function checkMixture(
  mixture: StageMixture,
  { depth, width }: SearchSpace['stages'][number],
  path: string,
  violations: FieldViolation[],
): void {
  for (const [name, values, weights, { min, max }] of [
    ['depths', mixture.depths, mixture.depthWeights, depth],
    ['widths', mixture.widths, mixture.widthWeights, width],
  ] as const) {
    if (values.length === 0 || values.length !== weights.length) {
      const description = `expected as many values as weights and at least one, found ${values.length} and ${weights.length}`;
      violations.push({ field: `${path}.${name}`, description });
    }
    const outside = values.find((value) => value < min || value > max);
    if (outside !== undefined) {
      violations.push({ field: `${path}.${name}`, description: `expected ${min} to ${max}, found ${outside}` });
    }
  }
}

function toTaskLosses({ iteration, architectures }: MeasureTaskLosses, space: SearchSpace) {
  const violations: FieldViolation[] = [];
  checkIteration(iteration, 'task_losses.iteration', violations);
  const checked = toArchitectures(architectures, 'task_losses.architectures', violations, space);
  if (violations.length > 0) throw invalidArgument(violations);
  return { iteration, architectures: checked };
}

function toExport({ artifact, architecture, calibrationImages }: ExportNetwork, space: SearchSpace, job: string) {
  const violations: FieldViolation[] = [];
  checkOwn(artifact, 'export.artifact', job, violations);
  const checked = toArchitecture(architecture, 'export.architecture', violations, wholeSpace(space));
  checkCalibration(calibrationImages, 'export.calibration_images', violations);
  if (violations.length > 0 || !checked) throw invalidArgument(violations);
  return { artifact, architecture: checked, calibrationImages };
}

function checkCalibration(images: number, field: string, violations: FieldViolation[]): void {
  if (images >= 2) return;
  violations.push({ field, description: `expected at least 2, found ${images}` });
}

function toEvaluation({ architectures, calibrationImages }: EvaluateArchitectures, space: SearchSpace) {
  const violations: FieldViolation[] = [];
  const checked = toArchitectures(architectures, 'evaluate.architectures', violations, space);
  checkCalibration(calibrationImages, 'evaluate.calibration_images', violations);
  if (violations.length > 0) throw invalidArgument(violations);
  return { architectures: checked, calibrationImages };
}

function toCheckpointId({ checkpointId }: SaveCheckpoint, job: string): string {
  const violations: FieldViolation[] = [];
  checkOwn(checkpointId, 'save.checkpoint_id', job, violations);
  if (violations.length > 0) throw invalidArgument(violations);
  return checkpointId;
}

function toCheckpoint({ checkpoint }: LoadCheckpoint, job: string): Checkpoint {
  const violations: FieldViolation[] = [];
  checkReadable(checkpoint?.checkpointId ?? '', 'load.checkpoint.checkpoint_id', job, violations);
  if (violations.length > 0 || !checkpoint) throw invalidArgument(violations);
  return checkpoint;
}

function toShares({ shares }: AverageCheckpoints, job: string): { checkpoint: Checkpoint; samples: number }[] {
  const violations: FieldViolation[] = [];
  if (shares.length === 0) violations.push({ field: 'average.shares', description: 'expected at least one' });
  const checked = shares.flatMap(({ checkpoint, samples }, i) => {
    const field = `average.shares[${i}]`;
    checkReadable(checkpoint?.checkpointId ?? '', `${field}.checkpoint.checkpoint_id`, job, violations);
    if (!Number.isSafeInteger(samples) || samples <= 0) {
      const description = `expected a positive whole number, found ${samples}`;
      violations.push({ field: `${field}.samples`, description });
    }
    return checkpoint ? [{ checkpoint, samples }] : [];
  });
  if (violations.length > 0) throw invalidArgument(violations);
  return checked;
}

function toArchitectures(
  architectures: readonly ArchitectureMessage[],
  path: string,
  violations: FieldViolation[],
  space: SearchSpace,
): Architecture[] {
  return architectures.flatMap((architecture, i) => {
    const value = toArchitecture(architecture, `${path}[${i}]`, violations, wholeSpace(space));
    return value ? [value] : [];
  });
}
