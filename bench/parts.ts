import { feeding } from './feeding.ts';
import { growth } from './growth.ts';
import { channels } from './p1-channels.ts';
import { stepKernels } from './p1-kernels.ts';
import { trainingStep } from './p1-training-step.ts';
import { searchIteration } from './p2-search-iteration.ts';
import { thetaCut } from './p2-theta-cut.ts';
import { wholeSearch } from './p2-whole-search.ts';
import { evaluation } from './p3-evaluation.ts';
import { targets } from './p4-targets.ts';
import { overhead } from './p5-overhead.ts';
import { cost } from './p7-cost.ts';
import { twoTrainers } from './p8-one-trainer.ts';
import { memory } from './p9-memory.ts';
import type { Part } from './part.ts';

/** Everything that `npm run bench` measures. */
export const parts: readonly Part[] = [
  trainingStep,
  channels,
  stepKernels,
  searchIteration,
  thetaCut,
  wholeSearch,
  evaluation,
  targets,
  overhead,
  cost,
  twoTrainers,
  memory,
  feeding,
  growth,
];
