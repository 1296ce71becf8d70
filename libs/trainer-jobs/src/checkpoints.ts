import type { RunningJob } from '@nss/jobs';
import type { Checkpoint, Checkpointing } from '@nss/search';
import type { JobResource, TrainerTools } from './session.ts';

/** A state that may refer to stored weights. */
type Resumable = { readonly iteration: number; readonly checkpoint?: Checkpoint };

/** How a job stores where it can go on: weights in the checkpoint store, everything else as the job's state. */
export type JobCheckpoints<State extends Resumable> = {
  /** The state that was stored last, by this worker or by one before it. */
  load(): Promise<State | undefined>;
  /** Stores a state from time to time, and drops the weights of the one before. */
  readonly checkpointing: Checkpointing<State>;
  /** Stores the last state, and drops all weights but those that it refers to. */
  finish(state: State): Promise<void>;
};

/** Checkpoints of a job, named `<collection>/<id>/<iteration>`. */
export function jobCheckpoints<State extends Resumable>(
  job: RunningJob<JobResource>,
  { checkpoints, checkpointEveryMs }: TrainerTools,
): JobCheckpoints<State> {
  let storedAt = Date.now();
  let last: Checkpoint | undefined;
  return {
    async load() {
      const state = await job.loadState<State>();
      last = state?.checkpoint;
      return state;
    },
    checkpointing: {
      due: () => Date.now() - storedAt >= checkpointEveryMs,
      idAt: (iteration) => `${job.name}/${iteration}`,
      async stored(state) {
        await job.saveState(state);
        storedAt = Date.now();
        // Only now is the older one not needed any more.
        if (last && last.checkpointId !== state.checkpoint?.checkpointId) await checkpoints.delete(last.checkpointId);
        last = state.checkpoint;
      },
    },
    async finish(state) {
      await job.saveState(state);
      // A worker that died between storing weights and storing the state has left some that no state refers to.
      for (const { name } of await checkpoints.list(`${job.name}/`)) {
        if (name !== state.checkpoint?.checkpointId) await checkpoints.delete(name);
      }
    },
  };
}
