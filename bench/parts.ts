import { trainingStep } from './p1-training-step.ts';
import { evaluation } from './p3-evaluation.ts';
import { cost } from './p7-cost.ts';
import type { Part } from './part.ts';

/** Everything that `npm run bench` measures. */
export const parts: readonly Part[] = [trainingStep, evaluation, cost];
