import { type FieldViolation, fromArchitecture, type NasRun, type NasRunSpec, toNetworkSpace } from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import { invalidArgument } from '@nss/rpc';
import { turn } from '@nss/runtime';
import { probabilitiesOf, selectArchitecture } from '@nss/search';
import { architectureSearchSpace, formatArchitecture, wholeSpace } from '@nss/space';
import { checkBatch, checkTarget, searchFor, type TrainerTools, toSettings, toWork } from '@nss/trainer-jobs';

/** Everything that is wrong with the spec of a NAS run. */
export function nasRunViolations(spec: NasRunSpec | undefined): FieldViolation[] {
  const violations: FieldViolation[] = [];
  toNasRun(spec, violations);
  return violations;
}

/**
 * Searches one architecture: the space search with bins of size one, inside an Elite Space or on the whole search space
 * (method section 6).
 */
export async function runNasRun(job: RunningJob<NasRun>, tools: TrainerTools): Promise<void> {
  const violations: FieldViolation[] = [];
  const nasRun = toNasRun(job.resource().spec, violations);
  if (!nasRun) throw invalidArgument(violations);
  const { work, settings, within, targetMultiplyAdds } = nasRun;
  const space = architectureSearchSpace(work.space, within ?? wholeSpace(work.space));
  // Theta over hundreds of bins of size one is nothing to look at, and too much to store with every checkpoint.
  const state = await searchFor(job, tools, { work, space, settings, targetMultiplyAdds, snapshots: 0 });

  await turn();
  const { draws, maxDraws, tolerance } = settings;
  const found = { ...work, space, probabilities: probabilitiesOf(state.logits), targetMultiplyAdds };
  const { architecture, drawnMultiplyAdds, ...kept } = selectArchitecture(
    found,
    within ? { draws, tolerance } : { maxDraws, tolerance },
  );
  const drawsArtifact = await job.artifacts.put(DRAWS_FILE, ['multiply_adds', ...drawnMultiplyAdds, ''].join('\n'));
  await job.update((resource) => ({
    ...resource,
    result: {
      ...kept,
      architecture: fromArchitecture(architecture),
      architectureText: formatArchitecture(architecture),
      drawsArtifact,
    },
  }));
}

/** The file that lists what the architectures drawn from theta cost, in the order drawn. */
const DRAWS_FILE = 'draws.csv';

function toNasRun(spec: NasRunSpec | undefined, violations: FieldViolation[]) {
  if (!spec) {
    violations.push({ field: 'spec', description: 'expected what to search, found nothing' });
    return undefined;
  }
  const { targetMultiplyAdds } = spec;
  const work = toWork(spec, violations);
  const settings = toSettings('nas', spec.settings, violations);
  const within = spec.space && toNetworkSpace(spec.space, 'spec.space', violations, work?.space);
  checkBatch(settings?.weights, work?.images.half, 'spec.settings.weights', violations);
  // Inside an Elite Space the target may lie beside every architecture; then the closest is found.
  checkTarget(targetMultiplyAdds, work, violations);
  return violations.length === 0 && work && settings ? { work, settings, within, targetMultiplyAdds } : undefined;
}
