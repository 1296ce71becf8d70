import { randomBytes } from 'node:crypto';
import type { RunningJob } from '@nss/jobs';
import { NssError } from '@nss/rpc';
import type { Checkpoint, Checkpointing } from '@nss/search';
import type { JobResource, TrainerTools } from './tools.ts';

/*
 * Which weights a job keeps: those that its state names, and until the next state is stored no others are touched. What no
 * state names, because whoever stored it died first, goes with the next state that is stored. Of a job that has succeeded those of its
 * last state are left; one that failed, was cancelled or deleted leaves none (see reconcile.ts of @nss/jobs).
 */

/** A state that may refer to stored weights. */
type Resumable = { readonly iteration: number; readonly checkpoint?: Checkpoint };

/** How a job stores where it can go on: weights in the checkpoint store, everything else as the job's state. */
export type JobCheckpoints<State extends Resumable> = {
  /** The state that was stored last, by this worker or by one before it. */
  load(): Promise<State | undefined>;
  /**
   * Stores a state from time to time, and drops the weights of the one before. When the process shuts down a state is due at once,
   * and with it stored, the job's signal's reason is thrown.
   */
  readonly checkpointing: Checkpointing<State>;
  /** Stores the last state, and drops all weights but those that it refers to. */
  finish(state: State): Promise<void>;
};

/** Checkpoints of a job, named `<collection>/<id>/<iteration>-<random>`: none is ever written over. */
export function jobCheckpoints<State extends Resumable>(
  job: RunningJob<JobResource>,
  {
    checkpoints,
    checkpointEveryMs,
    checkpointEverySteps = Number.POSITIVE_INFINITY,
  }: Pick<TrainerTools, 'checkpoints' | 'checkpointEveryMs' | 'checkpointEverySteps'>,
): JobCheckpoints<State> {
  // A clock that does not jump.
  let storedAtMs = performance.now();
  let storedIteration = 0;
  /** Names of states' weights, and those given to trainers: a trainer that was lost may have stored weights, or still will. */
  const known = new Set<string>();
  /** Whether weights may be there that this worker knows nothing of: of a job that was taken over, until its first state is stored. */
  let unknown = job.takenOver;

  /** Names of the weights that a state which is about to be stored replaces, and of its own. Only the bucket as a whole can be listed. */
  const present = async (): Promise<string[]> =>
    unknown ? (await checkpoints.list(`${job.objects}/`)).map(({ name }) => name) : [...known];

  /** Stores the state and drops every other weight that is there already. */
  const replaceAll = async (state: State) => {
    const checkpointId = state.checkpoint?.checkpointId;
    // Asked first: what is there now belongs to this worker or to those before it, if it still has the job when it saves.
    const found = await present();
    await job.saveState(state);
    if (checkpointId) known.add(checkpointId);
    for (const name of found) {
      // What was there is gone for good; what was not may still be stored.
      if (name !== checkpointId && (await checkpoints.delete(name))) known.delete(name);
    }
    unknown = false;
  };

  return {
    async load() {
      const state = (await job.loadState<State | null>()) ?? undefined;
      if (state?.checkpoint) known.add(state.checkpoint.checkpointId);
      storedIteration = state?.iteration ?? 0;
      return state;
    },
    checkpointing: {
      due: (iteration) =>
        job.signal.aborted ||
        iteration - storedIteration >= checkpointEverySteps ||
        performance.now() - storedAtMs >= checkpointEveryMs,
      idAt(iteration) {
        const id = `${job.objects}/${iteration}-${randomBytes(4).toString('hex')}`;
        known.add(id);
        return id;
      },
      async stored(state) {
        await replaceAll(state);
        storedAtMs = performance.now();
        storedIteration = state.iteration;
        job.signal.throwIfAborted();
      },
    },
    finish: replaceAll,
  };
}

/** What a trainer answers when it is to load weights that are not there or not what they were. */
const LOST: ReadonlySet<string> = new Set([
  'CHECKPOINT_MISSING',
  'CHECKPOINT_CHANGED',
  'CHECKPOINT_UNUSABLE',
  'OBJECT_DAMAGED',
]);

/**
 * Whether an error says that the job's own weights are lost; then its state is forgotten, and the job can begin again. Every draw follows
 * from seed and iteration, so it ends as it would have. Weights of another job are not this one's to make again.
 */
export async function forgetLostWeights(job: RunningJob<JobResource>, error: unknown): Promise<boolean> {
  const { reason, message } = NssError.from(error);
  if (!LOST.has(reason)) return false;
  const state = await job.loadState<Resumable | null>();
  if (!state?.checkpoint?.checkpointId.startsWith(`${job.objects}/`)) return false;
  job.logger.error({ iteration: state.iteration, reason: message }, 'the weights of the job are lost; it begins again');
  await job.saveState(null);
  return true;
}
