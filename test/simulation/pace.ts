import { datasetFacts, inputShapeOf } from '@nss/campaign';
import { type OpenSession, type SessionRequest, toArchitecture, toDatasetSpec, toSearchSpace } from '@nss/contracts';
import { architectureCost } from '@nss/cost';
import type { Architecture, SearchSpace } from '@nss/space';

/** How many seconds a command of a session takes. */
export type Pace = (open: OpenSession) => (command: Command) => number;

type Command = NonNullable<SessionRequest['command']>;

/** A backward pass costs two forward passes. */
const PASSES_OF_A_STEP = 3;

/**
 * The pace of a device: multiply-adds of a command's networks over those that it computes a second. A mixture runs the largest network of
 * its space. Saving, loading and exporting take no time.
 */
export const paceOf =
  (multiplyAddsPerSecond: number): Pace =>
  (open) => {
    const workOf = workOfCommands(open);
    return (command) => workOf(command) / multiplyAddsPerSecond;
  };

function workOfCommands(open: OpenSession): (command: Command) => number {
  const space = present(toSearchSpace(open.searchSpace, 'open.search_space', []));
  const dataset = present(toDatasetSpec(open.dataset, 'open.dataset', []));
  const input = inputShapeOf(dataset);
  const batch = open.weights?.batchSize ?? 0;
  const testImages = dataset.testImages || datasetFacts(dataset).testImages;
  const costOf = (message: Parameters<typeof toArchitecture>[0]) =>
    architectureCost(space, input, present(toArchitecture(message, 'architecture', [])));
  return (command) => {
    switch (command.$case) {
      case 'weightSteps':
        return command.value.steps.reduce(
          (sum, { architecture }) => sum + PASSES_OF_A_STEP * batch * costOf(architecture),
          0,
        );
      case 'thetaStep':
        return PASSES_OF_A_STEP * batch * architectureCost(space, input, largestOf(space));
      case 'taskLosses':
        return command.value.architectures.reduce((sum, each) => sum + batch * costOf(each), 0);
      case 'evaluate': {
        const { architectures, calibrationImages } = command.value;
        return architectures.reduce((sum, each) => sum + (calibrationImages + testImages) * costOf(each), 0);
      }
      default:
        return 0;
    }
  };
}

const largestOf = ({ stages }: SearchSpace): Architecture => ({
  stages: stages.map(({ depth, width }) => ({ depth: depth.max, width: width.max })),
});

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a session with a wrong space or architecture');
  return value;
}
