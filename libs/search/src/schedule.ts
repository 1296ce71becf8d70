/** How the weights of a super network are trained, as far as whoever drives the trainer decides it. */
export type WeightTraining = {
  readonly epochs: number;
  readonly batchSize: number;
  /** Share of the iterations that are warmup. */
  readonly warmupFraction: number;
  readonly sgd: { readonly learningRate: number; readonly finalLearningRate: number };
};

/** Iterations of a run: all of them, and how many of the first are warmup. */
export type Iterations = { readonly total: number; readonly warmup: number };

/** Iterations of a training on `images` images: whole batches only, as many an epoch as fit. */
export function iterationsOf(weights: WeightTraining, images: number): Iterations {
  const total = weights.epochs * Math.floor(images / weights.batchSize);
  return { total, warmup: Math.round(total * weights.warmupFraction) };
}

/** Learning rate of SGD: falls from the first to the final rate by half a cosine over the whole run. */
export function learningRateAt(iteration: number, { total }: Iterations, sgd: WeightTraining['sgd']): number {
  const share = 0.5 * (1 + Math.cos((Math.PI * iteration) / total));
  return sgd.finalLearningRate + (sgd.learningRate - sgd.finalLearningRate) * share;
}

/** Gumbel-Softmax temperature: linear over the whole run, warmup included. */
export function temperatureAt(
  iteration: number,
  { total }: Iterations,
  theta: { readonly initialTemperature: number; readonly finalTemperature: number },
): number {
  return theta.initialTemperature + ((theta.finalTemperature - theta.initialTemperature) * iteration) / total;
}

/**
 * Weight of the cost in the objective: grows geometrically over the theta steps. The loss on images decides first where theta goes, and the
 * cost brings it to the target while theta is still undecided: what a softmax has decided hardly moves any more.
 */
export function lambdaAt(
  iteration: number,
  { total, warmup }: Iterations,
  { lambda, finalLambda }: { readonly lambda: number; readonly finalLambda: number },
): number {
  if (lambda === finalLambda) return lambda;
  return lambda * (finalLambda / lambda) ** ((iteration - warmup) / (total - warmup));
}

/** Probability that the largest depth or width replaces the drawn one: from 1 to 0 over the warmup, then 0. */
export function largestProbabilityAt(iteration: number, { warmup }: Iterations): number {
  return iteration < warmup ? 1 - iteration / warmup : 0;
}
