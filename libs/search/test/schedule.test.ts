import assert from 'node:assert/strict';
import { test } from 'node:test';
import { iterationsOf } from '../src/index.ts';
import { lambdaAt, largestProbabilityAt, learningRateAt, temperatureAt } from '../src/schedule.ts';
import { near } from './toy.ts';

const sgd = { learningRate: 0.025, finalLearningRate: 0.001 };
const paper = { epochs: 50, batchSize: 64, warmupFraction: 0.3, sgd };
const iterations = iterationsOf(paper, 25_000);

test('the paper trains 13,650 theta steps after 5,850 iterations of warmup on half of CIFAR-10', () => {
  assert.deepEqual(iterations, { total: 19_500, warmup: 5_850 });
});

test('the learning rate falls along half a cosine', () => {
  near(learningRateAt(0, iterations, sgd), 0.025, 1e-15);
  near(learningRateAt(9_750, iterations, sgd), 0.013, 1e-15);
  near(learningRateAt(19_500, iterations, sgd), 0.001, 1e-15);
});

test('the temperature falls linearly over the whole run', () => {
  const theta = { initialTemperature: 5, finalTemperature: 0.001 };
  assert.equal(temperatureAt(0, iterations, theta), 5);
  near(temperatureAt(9_750, iterations, theta), 2.5005, 1e-12);
  near(temperatureAt(19_500, iterations, theta), 0.001, 1e-12);
});

test('lambda grows geometrically over the theta steps', () => {
  const theta = { lambda: 0.1, finalLambda: 10 };
  assert.equal(lambdaAt(5_850, iterations, theta), 0.1);
  near(lambdaAt(9_262.5, iterations, theta), 0.1 * 10 ** 0.5, 1e-12);
  near(lambdaAt(12_675, iterations, theta), 1, 1e-12);
  near(lambdaAt(19_500, iterations, theta), 10, 1e-12);
  assert.equal(lambdaAt(6_000, iterations, { lambda: 0, finalLambda: 0 }), 0);
});

test('the largest architecture is sure at first and no longer preferred after the warmup', () => {
  assert.equal(largestProbabilityAt(0, iterations), 1);
  assert.equal(largestProbabilityAt(2_925, iterations), 0.5);
  assert.equal(largestProbabilityAt(5_850, iterations), 0);
  assert.equal(largestProbabilityAt(19_499, iterations), 0);
  assert.equal(largestProbabilityAt(0, { total: 10, warmup: 0 }), 0);
});
