import { distributionCost } from '@nss/cost';
import type { InputShape, SearchSpace } from '@nss/space';
import { type AdamSettings, type AdamState, adamStep, startAdam } from './adam.ts';
import { estimateObjective, type Objective, type ObjectiveSettings } from './objective.ts';
import { ruledOutBins, withoutRuledOut } from './ruled-out.ts';
import { type Iterations, iterationsOf, temperatureAt, type WeightTraining } from './schedule.ts';
import { type Bins, type BinValues, binsOf, probabilitiesOf, zerosOf } from './theta.ts';
import type { Checkpoint, Trainer } from './trainer.ts';
import { type Checkpointing, trainWeights, weightStepAt } from './training.ts';

/** How theta is trained. */
export type ThetaTraining = ObjectiveSettings & { readonly adam: AdamSettings };

/** Theta at one moment of a search. */
export type Snapshot = {
  /** Iterations done. */
  readonly iteration: number;
  readonly temperature: number;
  /** Mean objective of the theta steps since the last snapshot. */
  readonly loss: number;
  /** Mean multiply-adds of an architecture drawn from theta. */
  readonly meanMultiplyAdds: number;
  /** Theta's probabilities, rounded to six digits. */
  readonly stages: BinValues;
};

/** Where a search can go on; plain data, exact through JSON. */
export type SearchState = {
  /** Iterations done. */
  readonly iteration: number;
  /** Theta. */
  readonly logits: BinValues;
  readonly adam: AdamState;
  /** Spread evenly over the search. */
  readonly trajectory: readonly Snapshot[];
  /** Sum and number of objectives since the last snapshot. */
  readonly losses: { readonly sum: number; readonly count: number };
  /** Weights at this iteration, in states that are stored; absent without a trainer. */
  readonly checkpoint?: Checkpoint;
};

/** What an iteration of a search did. */
export type SearchProgress = {
  readonly phase: 'warmup' | 'search';
  /** Iterations done. */
  readonly iteration: number;
  /** Of theta, after the step; absent during the warmup. */
  readonly logits?: BinValues;
};

export type SearchRun = {
  readonly space: SearchSpace;
  readonly input: InputShape;
  readonly targetMultiplyAdds: number;
  readonly settings: { readonly weights: WeightTraining; readonly theta: ThetaTraining };
  /** Images in the half that trains weights. */
  readonly images: number;
  readonly seed: number;
  /** Null: the baseline without task loss, in which only the cost moves theta and no weights are trained. */
  readonly trainer: Trainer | null;
  /** Weights of a warmup with the same space, data, weight settings and seed; the search then skips its own. */
  readonly warmup?: Checkpoint;
  readonly resumeFrom?: SearchState;
  /** Most snapshots in the trajectory; 200 unless told. The state holds them, so a fine search space wants fewer. */
  readonly snapshots?: number;
  readonly checkpointing?: Checkpointing<SearchState>;
  /** Waited for, so that a search without a trainer can give way to what else the process does. */
  readonly onProgress?: (progress: SearchProgress) => void | Promise<void>;
  readonly signal?: AbortSignal;
};

/**
 * Searches a distribution over network spaces that meets a target and makes few errors: minimises, over theta and the
 * weights, E[L_task + lambda |F / F_target - 1|] (method section 4). After the warmup every iteration takes a theta step, then
 * a weight step. Theta does not decide for a bin that the target rules out. With bins of size one the same search finds an
 * architecture (method section 6).
 *
 * Every draw follows from seed and iteration: a resumed search ends bit for bit as the uninterrupted one would have, given
 * a trainer that does. Rejects with the reason of `signal`, or with what the trainer rejects with.
 */
export async function runSearch(run: SearchRun): Promise<SearchState> {
  const { trainer, checkpointing } = run;
  const iterations = iterationsOf(run.settings.weights, run.images);
  const bins = binsOf(run.space);
  const ruledOut = ruledOutBins(run.space, run.input, bins, run.targetMultiplyAdds);
  const { checkpoint, ...start } = run.resumeFrom ?? startSearch(bins);
  if (trainer && start.iteration < iterations.warmup && !run.warmup) {
    await warmUp(run, trainer, { ...start, checkpoint }, iterations);
  } else {
    const weights = checkpoint ?? run.warmup;
    if (weights) await trainer?.load(weights);
  }
  let state: SearchState = { ...start, iteration: Math.max(start.iteration, iterations.warmup) };

  const snapshotEvery = Math.ceil((iterations.total - iterations.warmup) / (run.snapshots ?? 200));
  let asked = askObjective(run, state, bins, iterations);
  while (asked) {
    run.signal?.throwIfAborted();
    const { iteration } = state;
    const objective = await asked;
    const theta = adamStep(state.logits, objective.gradient, state.adam, run.settings.theta.adam);
    const logits = withoutRuledOut(theta.values, ruledOut);
    const weightStep = trainer?.weightSteps('weights', [
      weightStepAt(iteration, {
        bins,
        iterations,
        probabilities: probabilitiesOf(logits),
        weights: run.settings.weights,
        seed: run.seed,
      }),
    ]);
    state = {
      iteration: iteration + 1,
      logits,
      adam: theta.state,
      trajectory: state.trajectory,
      losses: { sum: state.losses.sum + objective.loss, count: state.losses.count + 1 },
    };
    // What is drawn depends on theta alone: the trainer need not wait for this process between the two.
    asked = askObjective(run, state, bins, iterations);
    await weightStep;
    const searched = state.iteration - iterations.warmup;
    if (searched % snapshotEvery === 0 || (state.iteration === iterations.total && run.snapshots !== 0)) {
      state = withSnapshot(run, state, iterations);
    }
    await run.onProgress?.({ phase: 'search', iteration: state.iteration, logits: state.logits });
    if (checkpointing?.due(state.iteration)) {
      const saved = await trainer?.save(checkpointing.idAt(state.iteration));
      await checkpointing.stored(saved ? { ...state, checkpoint: saved } : state);
    }
  }
  return state;
}

const startSearch = (bins: Bins): SearchState => ({
  iteration: 0,
  logits: zerosOf(bins),
  adam: startAdam(zerosOf(bins)),
  trajectory: [],
  losses: { sum: 0, count: 0 },
});

/** The search's own warmup: the same iterations as those of a shared one. */
async function warmUp(run: SearchRun, trainer: Trainer, state: SearchState, iterations: Iterations): Promise<void> {
  const { checkpointing, onProgress } = run;
  await trainWeights({
    trainer,
    space: run.space,
    weights: run.settings.weights,
    split: 'weights',
    images: run.images,
    seed: run.seed,
    until: iterations.warmup,
    resumeFrom: state.checkpoint && { iteration: state.iteration, checkpoint: state.checkpoint },
    checkpointing: checkpointing && {
      due: checkpointing.due,
      idAt: checkpointing.idAt,
      stored: (training) => checkpointing.stored({ ...state, ...training }),
    },
    onProgress: ({ iteration }) => onProgress?.({ phase: 'warmup', iteration }),
    signal: run.signal,
  });
}

/** Estimates the objective at the state's iteration; undefined after the last one. */
function askObjective(
  run: SearchRun,
  { iteration, logits }: SearchState,
  bins: Bins,
  iterations: Iterations,
): Promise<Objective> | undefined {
  if (iteration >= iterations.total) return undefined;
  const { space, input, targetMultiplyAdds, seed, trainer } = run;
  const settings = run.settings.theta;
  const objective = estimateObjective({
    space,
    input,
    targetMultiplyAdds,
    settings,
    seed,
    bins,
    logits,
    iteration,
    iterations,
    trainer,
  });
  // A search that ends before it waits for this has another error to tell.
  objective.catch(() => {});
  return objective;
}

function withSnapshot(run: SearchRun, state: SearchState, iterations: Iterations): SearchState {
  const probabilities = probabilitiesOf(state.logits);
  const snapshot: Snapshot = {
    iteration: state.iteration,
    temperature: temperatureAt(state.iteration, iterations, run.settings.theta),
    loss: state.losses.sum / state.losses.count,
    meanMultiplyAdds: distributionCost(run.space, run.input, probabilities).mean,
    stages: probabilities.map(({ depth, width }) => ({ depth: depth.map(rounded), width: width.map(rounded) })),
  };
  return { ...state, trajectory: [...state.trajectory, snapshot], losses: { sum: 0, count: 0 } };
}

/** A trajectory is for the eye, and is stored with every checkpoint. */
const rounded = (value: number) => Math.round(value * 1e6) / 1e6;
