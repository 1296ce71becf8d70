import type { RunningJob } from '@nss/jobs';
import { turn } from '@nss/runtime';
import {
  type Checkpoint,
  entropyOf,
  iterationsOf,
  probabilitiesOf,
  runSearch,
  type SearchState,
  type Trainer,
} from '@nss/search';
import type { SearchSpace } from '@nss/space';
import { jobCheckpoints } from './checkpoints.ts';
import { observeSearch } from './metrics.ts';
import { withTrainer } from './session.ts';
import type { ThetaSettings, WeightSettings, Work } from './spec.ts';
import type { JobResource, TrainerTools } from './tools.ts';

export type SearchToRun = {
  readonly work: Work;
  /** Theta chooses from its bins; the super network holds it. */
  readonly space: SearchSpace;
  readonly settings: { readonly weights: WeightSettings; readonly theta: ThetaSettings };
  readonly targetMultiplyAdds: number;
  /** Weights of a shared warmup; a search without task loss has no use for them. */
  readonly warmup?: Checkpoint;
  /** Most snapshots of theta that are kept. */
  readonly snapshots?: number;
};

/**
 * Runs a search for a job, through losses of trainers and of this process; without task loss it needs no trainer. Its weights are deleted at the end; its last state
 * stays, so that a job that is taken over after that does not search again.
 */
export async function searchFor(
  job: RunningJob<JobResource>,
  tools: TrainerTools,
  { work, space, settings, targetMultiplyAdds, warmup, snapshots }: SearchToRun,
): Promise<SearchState> {
  const { weights, theta } = settings;
  const { total, warmup: warmupIterations } = iterationsOf(weights, work.images.half);
  // What a shared warmup did is not this search's work; without a trainer there is none.
  const done = warmup || !theta.taskLoss ? warmupIterations : 0;
  const { load, checkpointing, finish } = jobCheckpoints<SearchState>(job, tools);
  const found = await load();
  if (found?.iteration === total) {
    // The worker before may have died before it could drop the weights, which its last state may even name.
    const { checkpoint: _, ...state } = found;
    await finish(state);
    return state;
  }
  let logits = found?.logits;
  const search = async (trainer: Trainer | null) =>
    runSearch({
      space,
      input: work.input,
      targetMultiplyAdds,
      settings,
      images: work.images.half,
      seed: work.seed,
      trainer,
      warmup,
      snapshots,
      resumeFrom: await load(),
      checkpointing,
      async onProgress({ phase, iteration, logits: latest }) {
        logits = latest;
        const unit = 'iterations';
        job.progress({ activity: activities[phase], completed: iteration - done, total: total - done, unit });
        // Nothing else gives way to health checks and heartbeats when there is no trainer to wait for.
        if (!trainer) await turn();
      },
      signal: job.cutOff,
    });
  const forget = observeSearch(job, { space, input: work.input, targetMultiplyAdds }, () => logits);
  const state = await (theta.taskLoss
    ? withTrainer(job, tools, { dataset: work.dataset, space, weights, seed: work.seed }, search)
    : search(null)
  ).finally(forget);
  await finish(state);
  const entropy = entropyOf(probabilitiesOf(state.logits));
  job.logger.info({ entropy, loss: state.trajectory.at(-1)?.loss }, 'search done; entropy of theta in nats');
  return state;
}

const activities = { warmup: 'training the super network', search: 'searching' };
