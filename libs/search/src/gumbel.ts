import { drawGumbel, type Random } from '@nss/space';
import { softmax } from './theta.ts';

/**
 * Gumbel-Softmax weights over the bins of one variable: softmax((logits + noise) / temperature). A differentiable stand-in
 * for a one-hot draw, which it becomes as the temperature falls. Source: Jang et al. 2017; Maddison et al. 2017.
 */
export function gumbelSoftmax(logits: readonly number[], temperature: number, random: Random): number[] {
  return softmax(logits.map((logit) => (logit + drawGumbel(random)) / temperature));
}

/**
 * d loss / d logits from d loss / d weights: w_k (G_k - sum_j w_j G_j) / temperature.
 *
 * The gradients are taken relative to that of the largest weight. This changes nothing in exact arithmetic, but at low
 * temperatures the weights are all but one-hot, and the difference of two nearly equal numbers over T = 0.001 would be noise.
 */
export function gumbelSoftmaxGradient(
  weights: readonly number[],
  temperature: number,
  weightGradient: readonly number[],
): number[] {
  let largest = 0;
  for (let j = 1; j < weights.length; j++) if (weights[j] > weights[largest]) largest = j;
  const relative = weightGradient.map((gradient) => gradient - weightGradient[largest]);
  const mean = weights.reduce((sum, weight, j) => sum + weight * relative[j], 0);
  return weights.map((weight, k) => (weight * (relative[k] - mean)) / temperature);
}
