import type { CheckpointShare, Trainer } from './trainer.ts';
import { type Checkpointing, type TrainingState, trainWeights, type WeightTrainingRun } from './training.ts';

/** How one super network is trained by several trainers (Stich 2019, "Local SGD converges fast and communicates little"). */
export type LocalSgd = {
  /** Shards of a round: what is computed follows from this, not from how many trainers there are. */
  readonly trainers: number;
  /** SGD steps of a shard. */
  readonly stepsPerRound: number;
  /** Shards after which a round only waits for as long again as these took. */
  readonly quorum: number;
};

/** Trainers that were opened with the same network and work for one job. */
export type TrainerPool = {
  /**
   * Runs `work` on a trainer that is free; again on another one when it is lost, so `work` begins by loading what it needs. Rejects with
   * the reason of `signal` at once when that is aborted; `work` may still be running then and should stop.
   */
  run<T>(work: (trainer: Trainer) => Promise<T>, signal: AbortSignal): Promise<T>;
};

export type LocalSgdRun = Omit<WeightTrainingRun, 'trainer' | 'stride' | 'until' | 'checkpointing' | 'signal'> & {
  readonly pool: TrainerPool;
  readonly localSgd: LocalSgd;
  readonly until: number;
  /** A state is stored after every round. */
  readonly checkpointing: Pick<Checkpointing<TrainingState>, 'idAt' | 'stored'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

export type Clock = {
  /** On a clock that does not jump. */
  nowMs(): number;
  /** Resolves after so long, or when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
};

/**
 * Trains what `trainWeights` trains, with the same steps at the same learning rates, by rounds of local SGD: every shard of a round takes
 * the weights of the round before, makes its own steps, and stores what it has; the next round begins with the mean of weights and momentum
 * by samples. With one shard that is plain training, bit for bit.
 *
 * Steps, weights and their order in the mean follow from the settings and the seed alone: whichever trainer takes which shard, and however
 * many there are, the result is the same, unless a round is closed without some of its shards. Those are dropped, their samples too.
 *
 * No normalisation has to be made up for: BatchNorm trains with the statistics of the batch and keeps none, and what measures or exports
 * a sub-network computes its statistics from calibration images.
 */
export async function trainByLocalSgd(run: LocalSgdRun): Promise<TrainingState> {
  let state = run.resumeFrom;
  while (!state || state.iteration < run.until) {
    state = state ? await trainRound(run, state) : await freshState(run);
    await run.checkpointing.stored(state);
  }
  return state;
}

/** The weights that every trainer is opened with; nothing ran before this. */
async function freshState({ pool, checkpointing, signal }: LocalSgdRun): Promise<TrainingState> {
  return { iteration: 0, checkpoint: await pool.run((trainer) => trainer.save(checkpointing.idAt(0)), signal) };
}

async function trainRound(run: LocalSgdRun, base: TrainingState): Promise<TrainingState> {
  const { pool, localSgd, checkpointing } = run;
  const end = Math.min(base.iteration + localSgd.trainers * localSgd.stepsPerRound, run.until);
  const closed = new AbortController();
  const signal = AbortSignal.any([run.signal, closed.signal]);
  const count = stepCounter(run, base.iteration);
  const shards = shardsOf(base.iteration, end, localSgd.trainers).map((shard) =>
    pool.run((trainer) => trainShard({ ...run, signal, onProgress: count(shard) }, trainer, base, shard), signal),
  );
  const shares = await untilQuorum(shards, Math.min(localSgd.quorum, shards.length), run.clock);
  closed.abort(new Error(`the round from iteration ${base.iteration} on is closed`));
  const checkpoint = await pool.run(async (trainer) => {
    await trainer.average(shares);
    return trainer.save(checkpointing.idAt(end));
  }, run.signal);
  return { iteration: end, checkpoint };
}

/** Every so many iterations of a round, from the first: all shards go through the schedules at the same pace. */
type Shard = { readonly first: number; readonly stride: number; readonly until: number };

/** The iterations from `from` to `until`, each in one shard; no shard is empty. */
function shardsOf(from: number, until: number, trainers: number): Shard[] {
  const shards = Math.min(trainers, until - from);
  return Array.from({ length: shards }, (_, i) => ({ first: from + i, stride: shards, until }));
}

async function trainShard(
  run: Pick<LocalSgdRun, 'space' | 'weights' | 'split' | 'images' | 'seed' | 'onProgress' | 'checkpointing' | 'signal'>,
  trainer: Trainer,
  { checkpoint }: TrainingState,
  { first, stride, until }: Shard,
): Promise<CheckpointShare> {
  const { checkpointing, ...training } = run;
  await trainWeights({ ...training, trainer, resumeFrom: { iteration: first, checkpoint }, stride, until });
  run.signal.throwIfAborted();
  const samples = Math.ceil((until - first) / stride) * run.weights.batchSize;
  return { checkpoint: await trainer.save(checkpointing.idAt(until)), samples };
}

/**
 * What is done when all of it is; or, when `quorum` of it is done and as long again has passed, what is done then, in the order of `work`.
 * Rejects as soon as any of it does.
 */
async function untilQuorum<T>(work: readonly Promise<T>[], quorum: number, { nowMs, wait }: Clock): Promise<T[]> {
  const startedMs = nowMs();
  const results = new Map<number, T>();
  const enough = Promise.withResolvers<void>();
  const all = Promise.all(
    work.map(async (each, i) => {
      results.set(i, await each);
      if (results.size === quorum) enough.resolve();
    }),
  );
  await Promise.race([enough.promise, all]);
  const over = new AbortController();
  await Promise.race([all, wait(nowMs() - startedMs, over.signal)]).finally(() => over.abort());
  // What comes later, also that it was given up, is nobody's concern.
  all.catch(() => {});
  return work.flatMap((_, i) => results.get(i) ?? []);
}

/** Adds up the steps of the shards of a round; one that begins again counts from its beginning. */
function stepCounter({ onProgress }: LocalSgdRun, from: number) {
  const steps = new Map<Shard, number>();
  return (shard: Shard): WeightTrainingRun['onProgress'] =>
    ({ iteration, losses }) => {
      steps.set(shard, Math.ceil((iteration - shard.first) / shard.stride));
      onProgress?.({ iteration: from + steps.values().reduce((sum, count) => sum + count, 0), losses });
    };
}
