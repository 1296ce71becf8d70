import { type ExportedSpace, parametersOf } from './exported-space.ts';
import { pythonFrame, pythonTitle } from './python.ts';

/** A Python file: a Ray Tune search of the space. It runs as it is, and then looks for networks at the target cost. */
export function toRayTune(exported: ExportedSpace): string {
  const parameters = parametersOf(exported.space).map(
    // Ray's upper bounds are exclusive.
    ({ name, range }) => `    "${name}": tune.randint(${range.min}, ${range.max + 1}),`,
  );
  return `${pythonTitle('Ray Tune search', exported)}

import sys

from ray import tune

${pythonFrame(exported)}

PARAM_SPACE = {
${parameters.join('\n')}
}


def network_of(config):
    return [(config[f"depth{i}"], config[f"width{i}"]) for i in range(1, len(STRIDES) + 1)]


def trainable(config):
    cost = multiply_adds(network_of(config))
    # Add the error of the network, trained by you; the cost alone finds a network at the target.
    return {"objective": abs(cost / TARGET - 1), "multiply_adds": cost}


if __name__ == "__main__":
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    tune_config = tune.TuneConfig(metric="objective", mode="min", num_samples=samples)
    best = tune.Tuner(trainable, param_space=PARAM_SPACE, tune_config=tune_config).fit().get_best_result()
    print(text(network_of(best.config)), best.metrics["multiply_adds"], best.metrics["objective"])
`;
}
