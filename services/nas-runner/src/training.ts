import { type FieldViolation, type Training, type TrainingSpec, toArchitecture } from '@nss/contracts';
import { architectureCost, architectureParameters } from '@nss/cost';
import type { RunningJob } from '@nss/jobs';
import { invalidArgument } from '@nss/rpc';
import { singleArchitectureSpace } from '@nss/space';
import { checkBatch, type TrainerTools, toSettings, toWork, trainFor } from '@nss/trainer-jobs';

const NETWORK_FILE = 'network.safetensors';

/** Everything that is wrong with the spec of a training. */
export function trainingViolations(spec: TrainingSpec | undefined): FieldViolation[] {
  const violations: FieldViolation[] = [];
  toTraining(spec, violations);
  return violations;
}

/**
 * Trains one architecture from scratch on all training images, measures its error on the held-out ones, and leaves the network as an
 * artifact that can be exported.
 */
export async function runTraining(job: RunningJob<Training>, tools: TrainerTools): Promise<void> {
  const violations: FieldViolation[] = [];
  const training = toTraining(job.resource().spec, violations);
  if (!training) throw invalidArgument(violations);
  const { work, settings, architecture } = training;
  const result = await trainFor(
    job,
    tools,
    {
      work,
      space: singleArchitectureSpace(work.space, architecture),
      weights: settings.weights,
      split: 'all',
      seed: work.seed,
      activity: 'training',
    },
    async ({ trainer, checkpoint }) => {
      const { calibrationImages } = settings;
      const { errorsPercent, losses } = await trainer.evaluate([architecture], calibrationImages);
      await trainer.exportNetwork(`${job.objects}/${NETWORK_FILE}`, architecture, calibrationImages);
      const { checkpointId } = checkpoint;
      const networkArtifact = `${job.name}/${NETWORK_FILE}`;
      return { testErrorPercent: errorsPercent[0], testLoss: losses[0], checkpointId, networkArtifact };
    },
  );
  await job.update((resource) => ({
    ...resource,
    result: {
      ...result,
      multiplyAdds: architectureCost(work.space, work.input, architecture),
      parameters: architectureParameters(work.space, work.input, architecture),
    },
  }));
}

function toTraining(spec: TrainingSpec | undefined, violations: FieldViolation[]) {
  if (!spec) {
    violations.push({ field: 'spec', description: 'expected what to train, found nothing' });
    return undefined;
  }
  const work = toWork(spec, violations);
  const settings = toSettings('training', spec.settings, violations);
  const architecture = toArchitecture(spec.architecture, 'spec.architecture', violations, work?.space);
  checkBatch(settings?.weights, work?.images.all, 'spec.settings.weights', violations);
  return violations.length === 0 && work && settings && architecture ? { work, settings, architecture } : undefined;
}
