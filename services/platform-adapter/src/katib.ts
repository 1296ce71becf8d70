import { katib } from '@nss/contracts';
import { type Implementation, invalidArgument, NssError } from '@nss/rpc';
import { formatArchitecture, formatSpace, type NetworkSpace, type Range } from '@nss/space';
import { checkInside, type Experiment, planOf, spaceSetting } from './experiment.ts';
import { findSpace, type Mesh } from './find-space.ts';
import { fromAssignments, toAssignments } from './parameters.ts';
import { suggestArchitectures } from './suggestions.ts';

/** Name under which Katib asks for the health of a suggestion service, whatever the package of its contract. */
export const KATIB_HEALTH_NAME = 'manager.v1beta1.Suggestion';

/**
 * Katib's Suggestion service. Nothing is kept between calls: what was suggested follows from the request, and the space that was
 * found is handed to Katib with the first suggestions, as a setting of the algorithm.
 *
 * While a search is running the answer is UNAVAILABLE. Katib then asks again, at growing distances up to 17 minutes, and the
 * Experiment goes on waiting. To wait within the call would hold up all Experiments of the cluster: Katib's controller asks for
 * one of them at a time.
 */
export function suggestionService(mesh: Mesh): Implementation<typeof katib.SuggestionService> {
  return {
    async getSuggestions({ experiment, trials, currentRequestNumber, totalRequestNumber }, { signal }) {
      const asked = toExperiment(experiment);
      const plan = planOf(asked);
      const space = await findSpace(plan.source, mesh, { signal, wait: false });
      checkInside(plan, space);
      const architectures = suggestArchitectures({
        experiment: asked.name,
        space,
        count: currentRequestNumber,
        handedOut: Math.max(0, totalRequestNumber - currentRequestNumber),
        tried: textsOf(trials, space),
        failed: textsOf(trials.filter(hasFailed), space),
      });
      return {
        parameterAssignments: architectures.map((architecture) => ({
          assignments: toAssignments(architecture).map(({ name, value }) => ({ name, value: String(value) })),
          trialName: '',
          labels: {},
        })),
        algorithm: {
          algorithmName: asked.algorithm,
          algorithmSettings: [{ name: spaceSetting, value: formatSpace(space) }],
        },
        earlyStoppingRules: [],
      };
    },

    async validateAlgorithmSettings({ experiment }, { signal, logger }) {
      const plan = planOf(toExperiment(experiment));
      // A search of the experiment's own begins with the first request for suggestions.
      if (plan.source.kind === 'own-campaign') return {};
      try {
        checkInside(plan, await findSpace(plan.source, mesh, { signal, wait: false }));
      } catch (thrown) {
        const error = NssError.from(thrown);
        // Katib ends the Experiment when this fails, so what time may mend is left to the requests for suggestions.
        if (error.retryable) logger.warn({ error }, 'the space of an experiment is not checked yet');
        else throw invalidArgument([{ field: 'settings', description: error.message }], { cause: error });
      }
      return {};
    },
  };
}

function toExperiment(experiment: katib.Experiment | undefined): Experiment {
  const { name = '', spec } = experiment ?? {};
  const settings = spec?.algorithm?.algorithmSettings ?? [];
  return {
    platform: 'katib',
    name,
    algorithm: spec?.algorithm?.algorithmName ?? '',
    settings: new Map(settings.map(({ name, value }) => [name, value])),
    parameters: (spec?.parameterSpecs?.parameters ?? []).map((parameter) => ({
      name: parameter.name,
      range: rangeOf(parameter),
    })),
  };
}

function rangeOf({ parameterType, feasibleSpace }: katib.ParameterSpec): Range | undefined {
  if (parameterType !== katib.ParameterType.INT || !feasibleSpace) return undefined;
  const { min, max, step } = feasibleSpace;
  const isWhole = (text: string) => /^\d{1,6}$/.test(text);
  if (!isWhole(min) || !isWhole(max) || !['', '1'].includes(step)) return undefined;
  return { min: Number(min), max: Number(max) };
}

const hasFailed = ({ status }: katib.Trial): boolean => {
  const condition = status?.condition;
  return (
    condition === katib.TrialStatusTrialConditionType.FAILED ||
    condition === katib.TrialStatusTrialConditionType.METRICSUNAVAILABLE
  );
};

function textsOf(trials: readonly katib.Trial[], { stages }: NetworkSpace): ReadonlySet<string> {
  const architectures = trials.map(({ spec }) => {
    const assignments = spec?.parameterAssignments?.assignments ?? [];
    const values = assignments.map(({ name, value }) => ({ name, value: Number(value) }));
    return fromAssignments(values, stages.length);
  });
  return new Set(architectures.flatMap((architecture) => (architecture ? [formatArchitecture(architecture)] : [])));
}
