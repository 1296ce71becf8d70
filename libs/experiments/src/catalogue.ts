import type { Experiment } from './experiment.ts';
import { baselines } from './experiments/baselines.ts';
import { figure6 } from './experiments/design-rules.ts';
import { figure3, figure4, figure9, figure10 } from './experiments/error-against-cost.ts';
import { fidelity } from './experiments/fidelity.ts';
import { figure5 } from './experiments/growing-spaces.ts';
import { table1, table2 } from './experiments/nas-table.ts';
import { observations } from './experiments/observations.ts';

/** Every experiment, in the order of the paper; those of our own last. */
export const experiments: readonly Experiment[] = [
  figure3,
  figure4,
  figure5,
  figure6,
  figure9,
  figure10,
  table1,
  table2,
  observations,
  baselines,
  fidelity,
];

/** The experiments that a name stands for: one, or every one for `all`; undefined for a name of none. */
export function experimentsNamed(name: string): readonly Experiment[] | undefined {
  if (name === 'all') return experiments;
  const found = experiments.find((experiment) => experiment.name === name);
  return found && [found];
}
