/*
 * Times search iterations at the preset `small`: a theta step, with its draws, the gradient of the cost and Adam, then a weight step of a
 * network drawn uniformly. Arguments: iterations, seed, estimator of theta's gradient, temperature. Prints what the peer's `iterate` does.
 */
import { runSearch } from '@nss/search';
import { drawArchitecture, randomOf, wholeSpace } from '@nss/space';
import { openSmallTrainer } from './small-trainer.ts';

const [iterations, seed, temperature] = [2, 3, 5].map((i) => Number(process.argv[i]));
const estimator = process.argv[4];
if (estimator !== 'gumbel-softmax' && estimator !== 'score-function')
  throw new Error(`no such estimator: ${estimator}`);
/** Iterations before the clock runs. */
const UNTIMED = 2;

const { network, space, input, search, trainer } = await openSmallTrainer(seed);
let weightTime = 0;
let start = 0;

await runSearch({
  space,
  input,
  targetMultiplyAdds: 8e6,
  settings: {
    weights: { ...search.weights, epochs: 1, warmupFraction: 0 },
    theta: { ...search.theta, estimator, initialTemperature: temperature, finalTemperature: temperature },
  },
  images: (iterations + UNTIMED) * search.weights.batchSize,
  seed,
  trainer: {
    ...trainer,
    weightSteps(split, [step]) {
      const before = performance.now();
      const architecture = drawArchitecture(randomOf(seed, 'network', step.iteration), wholeSpace(space));
      // Computed within the call; what is awaited after it has the next theta step in it.
      const losses = trainer.weightSteps(split, [{ ...step, architecture }]);
      if (step.iteration >= UNTIMED) weightTime += performance.now() - before;
      return losses;
    },
  },
  onProgress({ iteration }) {
    if (iteration === UNTIMED) start = performance.now();
  },
});
const time = performance.now() - start;
network.close();

// The search asks for the next theta step before it tells that an iteration is over: the first one lies before the clock's start.
const [theta_ms, weight_ms] = [(time - weightTime) / (iterations - 1), weightTime / iterations];
console.log(JSON.stringify([{ theta_ms, weight_ms, iteration_ms: theta_ms + weight_ms }]));
