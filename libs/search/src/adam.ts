import type { BinValues } from './theta.ts';

export type AdamSettings = {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** L2 penalty, added to the gradient as `torch.optim.Adam` does (not decoupled as in AdamW); DARTS trains theta so. */
  readonly weightDecay: number;
};

/** Steps taken, and running means of the gradient and of its square. */
export type AdamState = { readonly steps: number; readonly mean: BinValues; readonly square: BinValues };

export const startAdam = (zeros: BinValues): AdamState => ({ steps: 0, mean: zeros, square: zeros });

/**
 * One Adam step with bias correction, epsilon 1e-8. Gives new values and a new state; changes neither argument.
 * Source: Kingma and Ba 2015, algorithm 1, in the form of `torch.optim.Adam`.
 */
export function adamStep(
  values: BinValues,
  gradient: BinValues,
  state: AdamState,
  settings: AdamSettings,
): { values: BinValues; state: AdamState } {
  const steps = state.steps + 1;
  const stages = values.map((stage, i) => {
    const step = (variable: 'depth' | 'width') =>
      stepVariable(
        stage[variable],
        gradient[i][variable],
        state.mean[i][variable],
        state.square[i][variable],
        steps,
        settings,
      );
    return { depth: step('depth'), width: step('width') };
  });
  const pick = (field: keyof VariableStep): BinValues =>
    stages.map(({ depth, width }) => ({ depth: depth[field], width: width[field] }));
  return { values: pick('values'), state: { steps, mean: pick('mean'), square: pick('square') } };
}

type VariableStep = { values: number[]; mean: number[]; square: number[] };

function stepVariable(
  values: readonly number[],
  gradient: readonly number[],
  mean: readonly number[],
  square: readonly number[],
  steps: number,
  { learningRate, beta1, beta2, weightDecay }: AdamSettings,
): VariableStep {
  const stepSize = learningRate / (1 - beta1 ** steps);
  const squareCorrection = Math.sqrt(1 - beta2 ** steps);
  const next: VariableStep = { values: [], mean: [], square: [] };
  for (let k = 0; k < values.length; k++) {
    const g = gradient[k] + weightDecay * values[k];
    const m = beta1 * mean[k] + (1 - beta1) * g;
    const v = beta2 * square[k] + (1 - beta2) * g * g;
    next.mean.push(m);
    next.square.push(v);
    next.values.push(values[k] - (stepSize * m) / (Math.sqrt(v) / squareCorrection + epsilon));
  }
  return next;
}

const epsilon = 1e-8;
