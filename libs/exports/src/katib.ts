import { createHash } from 'node:crypto';
import { formatSpace } from '@nss/space';
import { stringify } from 'yaml';
import { type ExportedSpace, parametersOf } from './exported-space.ts';

/** Where the image that trains one network goes: the one thing to fill in. */
export const katibImagePlaceholder = 'REPLACE-WITH-YOUR-IMAGE';

/**
 * A Katib Experiment (kubeflow.org/v1beta1, YAML) over the space. Each trial is a Job whose container gets `--depth1=2 --width1=33
 * ...` and prints `error=...`; its image is for the user to name.
 */
export function toKatib({ space, source }: ExportedSpace): string {
  const parameters = parametersOf(space);
  const text = formatSpace(space);
  const experiment = {
    apiVersion: 'kubeflow.org/v1beta1',
    kind: 'Experiment',
    metadata: {
      name: `nss-space-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`,
      annotations: { 'nss/space': text, ...(source && { 'nss/source': source }) },
    },
    spec: {
      objective: { type: 'minimize', objectiveMetricName: 'error' },
      algorithm: { algorithmName: 'random' },
      parallelTrialCount: 2,
      maxTrialCount: 20,
      maxFailedTrialCount: 3,
      parameters: parameters.map(({ name, range }) => ({
        name,
        parameterType: 'int',
        feasibleSpace: { min: String(range.min), max: String(range.max) },
      })),
      trialTemplate: {
        primaryContainerName: 'training',
        trialParameters: parameters.map(({ name }) => ({ name, reference: name, description: describe(name) })),
        trialSpec: {
          apiVersion: 'batch/v1',
          kind: 'Job',
          spec: {
            template: {
              spec: {
                containers: [
                  {
                    name: 'training',
                    image: katibImagePlaceholder,
                    args: parameters.map(({ name }) => `--${name}=\${trialParameters.${name}}`),
                  },
                ],
                restartPolicy: 'Never',
              },
            },
          },
        },
      },
    },
  };
  return stringify(experiment, { lineWidth: 0 });
}

const describe = (name: string) =>
  name.startsWith('depth') ? `blocks of stage ${name.slice(5)}` : `channels of stage ${name.slice(5)}`;
