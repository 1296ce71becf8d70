/*
 * What the cut of theta steps saves and what it changes, at the preset `small` on CIFAR-10, after some weight steps. Arguments: draws of a
 * mixture for each temperature. Prints, for each temperature and cut: the time of a cut step as a share of a whole one, the largest
 * difference of the loss in nats, and the difference of what moves theta as a share of it (root mean squares).
 */
import { binsOf, drawMixture, gumbelSoftmaxGradient, zerosOf } from '@nss/search';
import { drawArchitecture, type MixtureGradient, randomOf, type StageMixture, wholeSpace } from '@nss/space';
import { thetaStep, weightStep } from '@nss/supernet';
import { openSmallTrainer } from './small-trainer.ts';

const draws = Number(process.argv[2] ?? 4);
const TEMPERATURES = [3.5, 2, 1, 0.5, 0.2, 0.05];
const CUTS = [0.001, 0.003, 0.01, 0.03];
const TRAINING_STEPS = 150;

const { kernels, network, space, search, batchOf } = await openSmallTrainer(0);

for (let i = 0; i < TRAINING_STEPS; i++) {
  const architecture = drawArchitecture(randomOf(0, 'network', i), wholeSpace(space));
  weightStep(kernels, network, batchOf('weights', i), architecture, search.weights.sgd);
}

const bins = binsOf(space);
const rows = TEMPERATURES.flatMap((temperature) => {
  const sums = CUTS.map(() => ({ time: 0, loss: 0, difference: 0 }));
  const whole = { time: 0, pull: 0 };
  for (let i = 0; i < draws; i++) {
    const mixture = drawMixture(randomOf(1, 'mixture', temperature, i), bins, zerosOf(bins), temperature);
    const step = (cut: number) => timed(() => thetaStep(kernels, network, batchOf('theta', i), mixture, cut));
    const exact = step(0);
    const pull = pullOf(mixture, exact.value.gradients, temperature);
    whole.time += exact.ms;
    whole.pull += pull.reduce((sum, value) => sum + value ** 2, 0);
    for (const [k, cut] of CUTS.entries()) {
      const { ms, value } = step(cut);
      sums[k].time += ms;
      sums[k].loss = Math.max(sums[k].loss, Math.abs(value.loss - exact.value.loss));
      sums[k].difference += pullOf(mixture, value.gradients, temperature).reduce(
        (sum, p, j) => sum + (p - pull[j]) ** 2,
        0,
      );
    }
  }
  return CUTS.map((cut, k) => ({
    temperature,
    cut,
    time: sums[k].time / whole.time,
    loss: sums[k].loss,
    gradient: Math.sqrt(sums[k].difference / whole.pull),
  }));
});
console.log(JSON.stringify(rows));
network.close();

function timed<Value>(run: () => Value): { ms: number; value: Value } {
  const start = performance.now();
  const value = run();
  return { ms: performance.now() - start, value };
}

/** The gradient in theta's logits. */
function pullOf(
  mixture: readonly StageMixture[],
  gradients: readonly MixtureGradient[],
  temperature: number,
): number[] {
  return mixture.flatMap(({ depthWeights, widthWeights }, i) => [
    ...gumbelSoftmaxGradient(depthWeights, temperature, gradients[i].depthWeights),
    ...gumbelSoftmaxGradient(widthWeights, temperature, gradients[i].widthWeights),
  ]);
}
