import type { ExportedSpace } from './exported-space.ts';
import { pythonFrame, pythonTitle } from './python.ts';

/** A Python file: an Optuna study of the space. It runs as it is, and then looks for networks at the target cost. */
export function toOptuna(exported: ExportedSpace): string {
  return `${pythonTitle('Optuna study', exported)}

import sys

import optuna

${pythonFrame(exported)}

def suggest(trial):
    return [
        (trial.suggest_int(f"depth{i}", *depths), trial.suggest_int(f"width{i}", *widths))
        for i, (depths, widths) in enumerate(zip(DEPTHS, WIDTHS), start=1)
    ]


def objective(trial):
    network = suggest(trial)
    cost = multiply_adds(network)
    trial.set_user_attr("network", text(network))
    trial.set_user_attr("multiply_adds", cost)
    # Add the error of the network, trained by you; the cost alone finds a network at the target.
    return abs(cost / TARGET - 1)


if __name__ == "__main__":
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    best = study.best_trial
    print(best.user_attrs["network"], best.user_attrs["multiply_adds"], best.value)
`;
}
