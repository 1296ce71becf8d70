import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { adamStep, startAdam } from '../src/adam.ts';
import type { BinValues } from '../src/index.ts';
import { near } from './toy.ts';

const golden = JSON.parse(readFileSync(new URL('./golden/adam.json', import.meta.url), 'utf8'));
const asStages = (values: number[]): BinValues => [{ depth: values.slice(0, 2), width: values.slice(2) }];
const flat = (values: BinValues) => values.flatMap(({ depth, width }) => [...depth, ...width]);

test("eight steps agree with PyTorch's Adam with L2 weight decay", () => {
  let values = asStages(golden.start);
  let state = startAdam(asStages(golden.start.map(() => 0)));
  for (const [step, gradient] of golden.gradients.entries()) {
    ({ values, state } = adamStep(values, asStages(gradient), state, golden.settings));
    for (const [k, value] of flat(values).entries()) near(value, golden.after[step][k], 1e-14);
  }
  assert.equal(state.steps, 8);
});

test('a step changes neither the values nor the state it was given', () => {
  const values = asStages([1, 2, 3]);
  const state = startAdam(asStages([0, 0, 0]));
  const before = structuredClone({ values, state });
  adamStep(values, asStages([1, -1, 2]), state, golden.settings);
  assert.deepEqual({ values, state }, before);
});
