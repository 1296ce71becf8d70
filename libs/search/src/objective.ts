import { distributionCost, spaceCost } from '@nss/cost';
import {
  drawArchitecture,
  type InputShape,
  type MixtureGradient,
  randomOf,
  type SearchSpace,
  type StageMixture,
  spaceOfBins,
} from '@nss/space';
import { drawBins, drawMixture } from './draws.ts';
import { gumbelSoftmaxGradient } from './gumbel.ts';
import { type Iterations, lambdaAt, temperatureAt } from './schedule.ts';
import { scoreFunctionGradient } from './score-function.ts';
import { type Bins, type BinValues, probabilitiesOf } from './theta.ts';
import type { Trainer } from './trainer.ts';

/** What is minimised over theta: E[L_task + lambda |F / F_target - 1|], F in closed form (method section 4). */
export type ObjectiveSettings = {
  /**
   * `gumbel-softmax`: the gradient of one mixture of all architectures, through channel masks (the paper's). `score-function`: from the
   * losses of drawn architectures; unbiased, and each costs a forward pass of that architecture only.
   */
  readonly estimator: 'gumbel-softmax' | 'score-function';
  /** Architectures whose task loss is measured in a theta step; of the score function. */
  readonly architecturesPerStep: number;
  /** Of Gumbel-Softmax. */
  readonly initialTemperature: number;
  readonly finalTemperature: number;
  /** Weight of the cost; see `lambdaAt`. */
  readonly lambda: number;
  readonly finalLambda: number;
};

/** An estimate of the objective, and of its gradient in the logits. */
export type Objective = { readonly loss: number; readonly gradient: BinValues };

/** Theta at an iteration, and what estimates its objective. */
export type ObjectiveInput = {
  readonly space: SearchSpace;
  readonly input: InputShape;
  readonly targetMultiplyAdds: number;
  readonly settings: ObjectiveSettings;
  readonly seed: number;
  readonly bins: Bins;
  readonly logits: BinValues;
  readonly iteration: number;
  readonly iterations: Iterations;
  /** Null: the cost alone. */
  readonly trainer: Trainer | null;
};

/** Spaces whose cost is computed in a step of the score function: the cost is in closed form, and so many draws all but end its noise. */
const COST_DRAWS = 256;

/** Estimates the objective at one theta step. What the trainer has to compute is asked for at once. */
export function estimateObjective(at: ObjectiveInput): Promise<Objective> {
  return at.settings.estimator === 'score-function' ? byScoreFunction(at) : byGumbelSoftmax(at);
}

async function byScoreFunction(at: ObjectiveInput): Promise<Objective> {
  const { bins, iteration, settings, trainer } = at;
  const random = randomOf(at.seed, 'theta-step', iteration);
  const probabilities = probabilitiesOf(at.logits);
  const draws = Array.from({ length: Math.max(COST_DRAWS, settings.architecturesPerStep) }, () =>
    drawBins(random, probabilities),
  );
  const spaces = draws.map((draw) => spaceOfBins(at.space, draw));
  const measured = draws.slice(0, settings.architecturesPerStep);
  const asked = trainer?.taskLosses(
    iteration,
    spaces.slice(0, measured.length).map((space) => drawArchitecture(random, space)),
  );
  const lambda = lambdaAt(iteration, at.iterations, settings);
  const costs = spaces.map((space) => {
    const deviation = spaceCost(at.space, at.input, space) / at.targetMultiplyAdds - 1;
    return lambda * Math.abs(deviation);
  });
  const cost: Objective = { loss: mean(costs), gradient: scoreFunctionGradient(bins, draws, costs) };
  if (!asked) return cost;
  const losses = await asked;
  return sum(cost, { loss: mean(losses), gradient: scoreFunctionGradient(bins, measured, losses) });
}

async function byGumbelSoftmax(at: ObjectiveInput): Promise<Objective> {
  const { iteration, iterations, settings } = at;
  const temperature = temperatureAt(iteration, iterations, settings);
  const mixture = drawMixture(randomOf(at.seed, 'theta-step', iteration), at.bins, at.logits, temperature);
  const asked = at.trainer?.thetaStep(iteration, mixture);
  const cost = costOfMixture(at, mixture);
  const task = await asked;
  const toLogits = ({ loss, gradients }: MixtureLoss): Objective => ({
    loss,
    gradient: mixture.map(({ depthWeights, widthWeights }, i) => ({
      depth: gumbelSoftmaxGradient(depthWeights, temperature, gradients[i].depthWeights),
      width: gumbelSoftmaxGradient(widthWeights, temperature, gradients[i].widthWeights),
    })),
  });
  return task ? sum(toLogits(cost), toLogits(task)) : toLogits(cost);
}

type MixtureLoss = { readonly loss: number; readonly gradients: readonly MixtureGradient[] };

/** lambda |F / F_target - 1| of a mixture, with its gradient in the mixture weights. */
function costOfMixture(at: ObjectiveInput, mixture: readonly StageMixture[]): MixtureLoss {
  const lambda = lambdaAt(at.iteration, at.iterations, at.settings);
  const { mean, gradient } = distributionCost(
    at.space,
    at.input,
    mixture.map(({ depthWeights, widthWeights }) => ({ depth: depthWeights, width: widthWeights })),
  );
  const deviation = mean / at.targetMultiplyAdds - 1;
  const slope = (lambda * Math.sign(deviation)) / at.targetMultiplyAdds;
  return {
    loss: lambda * Math.abs(deviation),
    gradients: gradient.map(({ depth, width }) => ({
      depthWeights: depth.map((value) => slope * value),
      widthWeights: width.map((value) => slope * value),
    })),
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const sum = (a: Objective, b: Objective): Objective => {
  const add = (x: readonly number[], y: readonly number[]) => x.map((value, k) => value + y[k]);
  return {
    loss: a.loss + b.loss,
    gradient: a.gradient.map(({ depth, width }, i) => ({
      depth: add(depth, b.gradient[i].depth),
      width: add(width, b.gradient[i].width),
    })),
  };
};
