import type { ZodObject } from 'zod';
import { configuration as evaluator } from '../services/evaluator/src/configuration.ts';
import { configuration as flopsEstimator } from '../services/flops-estimator/src/configuration.ts';
import { configuration as nasRunner } from '../services/nas-runner/src/configuration.ts';
import { configuration as spaceController } from '../services/space-controller/src/configuration.ts';
import { configuration as supernetTrainer } from '../services/supernet-trainer/src/configuration.ts';

/** The environment that every service knows, by the name of the service. */
export const serviceConfigurations: Record<string, ZodObject> = {
  'space-controller': spaceController,
  evaluator,
  'nas-runner': nasRunner,
  'flops-estimator': flopsEstimator,
  'supernet-trainer': supernetTrainer,
};
