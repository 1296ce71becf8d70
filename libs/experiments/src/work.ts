import { datasetFacts, type ResolvedSettings } from '@nss/campaign';
import { costRange, spaceCost } from '@nss/cost';
import { iterationsOf } from '@nss/search';
import { type InputShape, type NetworkSpace, wholeSpace } from '@nss/space';

/*
 * Multiply-adds that jobs take, about: what their time is estimated from. Small networks compute fewer of them a second than large
 * ones, which the estimate does not know.
 */

/** What work depends on beside the job. */
export type Frame = { readonly settings: ResolvedSettings; readonly input: InputShape };
type Weights = ResolvedSettings['search']['weights'];
type SearchSettings = Pick<ResolvedSettings['search'], 'weights' | 'theta'>;

/** The backward pass of a training step costs about two forward passes. */
const forwardPassesOfAStep = 3;

/** Multiply-adds of the architectures of a space. */
export type Costs = { readonly mean: number; readonly largest: number };

export const costsOf = ({ settings, input }: Frame, space: NetworkSpace): Costs => ({
  mean: spaceCost(settings.searchSpace, input, space),
  largest: costRange(settings.searchSpace, input, space).max,
});

const whole = ({ settings }: Frame) => wholeSpace(settings.searchSpace);

function imagesOf({ settings: { dataset } }: Frame) {
  const facts = datasetFacts(dataset);
  const train = dataset.trainImages || facts.trainImages;
  return { train, half: Math.floor(train / 2), test: dataset.testImages || facts.testImages };
}

/** Of weight steps with sub-networks, the largest ones first: `warmup` of them, then `rest`. */
function superNetworkSteps(weights: Weights, { mean, largest }: Costs) {
  const step = weights.batchSize * forwardPassesOfAStep;
  return { warmup: (step * (mean + largest)) / 2, rest: step * mean };
}

export function warmupWork(frame: Frame): number {
  const { weights } = frame.settings.search;
  const steps = superNetworkSteps(weights, costsOf(frame, whole(frame)));
  return iterationsOf(weights, imagesOf(frame).half).warmup * steps.warmup;
}

export function superNetworkWork(frame: Frame): number {
  const { weights } = frame.settings.evaluation;
  const { total, warmup } = iterationsOf(weights, imagesOf(frame).train);
  const steps = superNetworkSteps(weights, costsOf(frame, whole(frame)));
  return warmup * steps.warmup + (total - warmup) * steps.rest;
}

/** A search after its warmup. */
export function searchWork(frame: Frame, targetMultiplyAdds: number): number {
  if (!frame.settings.search.theta.taskLoss) return 0;
  return thetaWork(frame, frame.settings.search, costsOf(frame, whole(frame)), targetMultiplyAdds);
}

/** An architecture search in a space of these costs, with its own warmup. */
export function nasWork(frame: Frame, costs: Costs, targetMultiplyAdds: number): number {
  const { weights } = frame.settings.nas;
  const { warmup } = iterationsOf(weights, imagesOf(frame).half);
  return (
    warmup * superNetworkSteps(weights, costs).warmup + thetaWork(frame, frame.settings.nas, costs, targetMultiplyAdds)
  );
}

/**
 * A mixture runs the largest network of the space, forward and backward; drawn architectures forward only, their cost falling from the
 * space's mean to the target. Weight steps come to cost the target.
 */
function thetaWork(frame: Frame, settings: SearchSettings, { mean, largest }: Costs, target: number): number {
  const { weights, theta } = settings;
  const { total, warmup } = iterationsOf(weights, imagesOf(frame).half);
  const thetaStep =
    theta.estimator === 'score-function'
      ? (theta.architecturesPerStep * (mean + target)) / 2
      : forwardPassesOfAStep * largest;
  return (total - warmup) * weights.batchSize * (thetaStep + forwardPassesOfAStep * target);
}

/** Measuring `architectures` networks that cost `multiplyAdds` on average. */
export function evaluationWork(frame: Frame, architectures: number, multiplyAdds: number): number {
  const images = frame.settings.evaluation.calibrationImages + imagesOf(frame).test;
  return architectures * images * multiplyAdds;
}

/** Training a network that costs `multiplyAdds` from scratch. */
export function trainingWork(frame: Frame, multiplyAdds: number): number {
  const { weights } = frame.settings.training;
  const { total } = iterationsOf(weights, imagesOf(frame).train);
  return total * weights.batchSize * forwardPassesOfAStep * multiplyAdds;
}
