import type { pythia } from '@nss/contracts';
import type { Implementation } from '@nss/rpc';
import { formatSpace, type Range } from '@nss/space';
import { checkInside, type Experiment, planOf, spaceSetting } from './experiment.ts';
import { findSpace, type Mesh } from './find-space.ts';
import { toAssignments } from './parameters.ts';
import { suggestArchitectures } from './suggestions.ts';

/** Namespace of the study's metadata with the settings of the algorithm, as Vizier writes it. */
const settingsNamespace = ':nss';

/**
 * Vizier's Pythia service. Vizier numbers the trials of a study and asks for one study at a time, so what was suggested follows
 * from the highest number; it tells nothing of how they went, so no architecture is suggested twice.
 *
 * A call waits for a search that is running: Vizier calls without a deadline, holds up nobody but the study's own clients, and makes a
 * failure theirs.
 */
export function pythiaService(mesh: Mesh): Implementation<typeof pythia.PythiaServiceService> {
  return {
    async suggest({ algorithm, studyDescriptor, count }, { signal }) {
      const experiment = toExperiment(algorithm, studyDescriptor);
      const plan = planOf(experiment);
      const space = await findSpace(plan.source, mesh, { signal, wait: true });
      checkInside(plan, space);
      const architectures = suggestArchitectures({
        experiment: experiment.name,
        space,
        count,
        handedOut: studyDescriptor?.maxTrialId ?? 0,
        tried: new Set(),
        failed: undefined,
      });
      return {
        suggestions: architectures.map((architecture) => ({
          parameters: toAssignments(architecture).map(({ name, value }) => ({ parameterId: name, value })),
          metadata: [],
        })),
        metadata: [{ metadatum: { ns: settingsNamespace, key: spaceSetting, value: formatSpace(space) } }],
      };
    },

    /** No trial is stopped: Vizier does not send what trials have measured. */
    async earlyStop({ trialIds }) {
      const reason = 'NSS leaves every architecture to its end';
      return { decisions: trialIds.map((id) => ({ id, reason, shouldStop: false })), metadata: [] };
    },

    async ping() {
      return {};
    },
  };
}

function toExperiment(algorithm: string, study: pythia.StudyDescriptor | undefined): Experiment {
  const metadata = (study?.config?.metadata ?? []).filter(({ ns }) => ns === settingsNamespace);
  return {
    platform: 'vizier',
    name: study?.guid ?? '',
    algorithm,
    settings: new Map(metadata.map(({ key, value }) => [key, value])),
    parameters: (study?.config?.searchSpace ?? []).map((parameter) => ({
      name: parameter.parameterId,
      range: rangeOf(parameter),
    })),
  };
}

function rangeOf({ parameterValueSpec }: pythia.StudySpecParameterSpec): Range | undefined {
  if (parameterValueSpec?.$case !== 'integerValueSpec') return undefined;
  const { minValue, maxValue } = parameterValueSpec.value;
  return { min: minValue, max: maxValue };
}
