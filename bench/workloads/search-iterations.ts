/*
 * Times search iterations at the preset `small`: a theta step at a fixed temperature, with the draw of the mixture, the gradient of the cost
 * and Adam, then a weight step of a network drawn uniformly. Arguments: iterations, seed, temperature. Prints what the peer's `iterate` does.
 */
import { runSearch } from '@nss/search';
import { drawArchitecture, randomOf, wholeSpace } from '@nss/space';
import { openSmallTrainer } from './small-trainer.ts';

const [iterations, seed, temperature] = process.argv.slice(2).map(Number);
/** Iterations before the clock runs. */
const UNTIMED = 2;

const { network, space, input, search, trainer } = await openSmallTrainer(seed);
const times = { theta: 0, weight: 0 };
let iterationStart = 0;
let thetaEnd = 0;

await runSearch({
  space,
  input,
  targetMultiplyAdds: 8e6,
  settings: {
    weights: { ...search.weights, epochs: 1, warmupFraction: 0 },
    theta: { ...search.theta, initialTemperature: temperature, finalTemperature: temperature },
  },
  images: (iterations + UNTIMED) * search.weights.batchSize,
  seed,
  trainer: {
    ...trainer,
    weightSteps(split, [step]) {
      thetaEnd = performance.now();
      if (step.iteration >= UNTIMED) times.theta += thetaEnd - iterationStart;
      const architecture = drawArchitecture(randomOf(seed, 'network', step.iteration), wholeSpace(space));
      return trainer.weightSteps(split, [{ ...step, architecture }]);
    },
  },
  onProgress({ iteration }) {
    iterationStart = performance.now();
    if (iteration > UNTIMED) times.weight += iterationStart - thetaEnd;
  },
});
network.close();

const [theta_ms, weight_ms] = [times.theta / iterations, times.weight / iterations];
console.log(JSON.stringify([{ theta_ms, weight_ms, iteration_ms: theta_ms + weight_ms }]));
