import { datasetFacts, inputShapeOf, type ResolvedCampaign } from '@nss/campaign';
import { architectureCost, architectureParameters } from '@nss/cost';
import {
  costsOf,
  evaluationWork,
  nasWork,
  searchWork,
  superNetworkWork,
  trainingWork,
  type WorkFrame,
  warmupWork,
} from '@nss/experiments';
import { iterationsOf } from '@nss/search';
import { type Architecture, wholeSpace } from '@nss/space';
import { type PlannedJob, planOf } from '../../services/space-controller/src/campaign-plan.ts';
import type { Device } from './device.ts';
import type { SimulatedJob } from './simulate.ts';

/** A job of a campaign, with what it asks of the mesh. */
export type CampaignJob = SimulatedJob & {
  /** Commands that whoever drives the trainer sends. */
  readonly commands: number;
  /** Bytes of one checkpoint, weights and momentum. */
  readonly checkpointBytes: number;
  /** Whether its last checkpoint stays when it has succeeded. */
  readonly leavesWeights: boolean;
};

/** What the mesh adds to the time of a device. */
export type Overheads = {
  /** From the end of a job to a trainer's first command of the next one, with an idle trainer. */
  readonly handoverSeconds: number;
  /** Of a command: to the trainer and back, and what whoever drives it computes in between. */
  readonly commandSeconds: number;
  readonly checkpointEverySeconds: number;
};

/** What a job computes. */
type Steps = {
  /** Multiply-adds, forward and backward passes together. */
  readonly work: number;
  /** Convolutions of forward passes, a backward pass counted as two. */
  readonly convolutions: number;
  readonly commands: number;
  /** Of the largest network that it holds. */
  readonly parameters: number;
};

/** As many steps as trainWeights gives a trainer at once. */
const STEPS_A_COMMAND = 8;
const PASSES_OF_A_STEP = 3;
const EVALUATED_A_COMMAND = 8;
const BYTES_A_PARAMETER = 8;

/** The jobs of a campaign, in the order of its plan, with the time that each takes on a device. */
export function campaignJobs(
  campaignId: string,
  resolved: ResolvedCampaign,
  device: Device,
  overheads: Overheads,
): CampaignJob[] {
  const { settings } = resolved;
  const frame = { settings, input: inputShapeOf(settings.dataset) };
  return planOf(campaignId, resolved).map((planned) => {
    const steps = stepsOf(planned, frame);
    const { id, kind, needs } = planned;
    const checkpointBytes = BYTES_A_PARAMETER * steps.parameters;
    const computing = Math.max(
      steps.work / device.multiplyAddsPerSecond[kind],
      steps.convolutions * device.secondsPerConvolution,
    );
    const working = computing + steps.commands * overheads.commandSeconds;
    const storing = checkpointBytes / device.storeBytesPerSecond;
    // An evaluation loads weights and stores none; the others load none or some, and store their last.
    const stored = kind === 'evaluation' ? 1 : 1 + Math.floor(working / overheads.checkpointEverySeconds);
    const seconds = overheads.handoverSeconds + device.sessionSeconds + working + stored * storing;
    const leavesWeights = kind === 'warmup' || kind === 'superNetwork' || kind === 'training';
    return { id, kind, needs, seconds, commands: steps.commands, checkpointBytes, leavesWeights };
  });
}

function stepsOf(planned: PlannedJob, frame: WorkFrame): Steps {
  const { settings, input } = frame;
  const whole = wholeSpace(settings.searchSpace);
  const largest = parametersOf(frame, largestOf(frame));
  switch (planned.kind) {
    case 'warmup': {
      const { warmup } = searchIterations(frame, 'search');
      return { work: warmupWork(frame), ...weightSteps(warmup, meanConvolutions(frame)), parameters: largest };
    }
    case 'search': {
      const { total, warmup } = searchIterations(frame, 'search');
      if (!settings.search.theta.taskLoss) return { work: 0, convolutions: 0, commands: 0, parameters: 0 };
      return { work: searchWork(frame, planned.target), ...thetaSteps(total - warmup, frame), parameters: largest };
    }
    case 'superNetwork': {
      const { total } = iterationsOf(settings.evaluation.weights, imagesOf(frame));
      return { work: superNetworkWork(frame), ...weightSteps(total, meanConvolutions(frame)), parameters: largest };
    }
    case 'evaluation': {
      const populations = planned.target === undefined ? 1 : 2;
      const architectures = populations * settings.evaluation.architecturesPerSpace;
      const work = evaluationWork(frame, architectures, planned.target ?? costsOf(frame, whole).mean);
      const { testImages } = settings.dataset;
      const images = settings.evaluation.calibrationImages + (testImages || datasetFacts(settings.dataset).testImages);
      const batches = Math.ceil(images / settings.evaluation.weights.batchSize);
      const convolutions = architectures * batches * meanConvolutions(frame);
      return { work, convolutions, commands: Math.ceil(architectures / EVALUATED_A_COMMAND), parameters: largest };
    }
    case 'nas': {
      const inside = planned.source === 'elite';
      const costs = inside ? { mean: planned.target, largest: 1.5 * planned.target } : costsOf(frame, whole);
      const { total, warmup } = searchIterations(frame, 'nas');
      const [first, then] = [weightSteps(warmup, meanConvolutions(frame)), thetaSteps(total - warmup, frame)];
      return {
        work: nasWork(frame, costs, planned.target),
        convolutions: first.convolutions + then.convolutions,
        commands: first.commands + then.commands,
        parameters: inside ? parametersOf(frame, architectureOfCost(frame, costs.largest)) : largest,
      };
    }
    case 'training': {
      const { total } = iterationsOf(settings.training.weights, imagesOf(frame));
      const architecture = architectureOfCost(frame, planned.target);
      const parameters = architectureParameters(settings.searchSpace, input, architecture);
      return { work: trainingWork(frame, planned.target), ...weightSteps(total, meanConvolutions(frame)), parameters };
    }
  }
}

const weightSteps = (iterations: number, convolutions: number) => ({
  convolutions: iterations * PASSES_OF_A_STEP * convolutions,
  commands: Math.ceil(iterations / STEPS_A_COMMAND),
});

/** A theta step runs all depths, then a weight step follows with one network. */
const thetaSteps = (iterations: number, frame: WorkFrame) => ({
  convolutions: iterations * PASSES_OF_A_STEP * (convolutionsOf(largestOf(frame)) + meanConvolutions(frame)),
  commands: 2 * iterations,
});

const imagesOf = ({ settings: { dataset } }: WorkFrame) => dataset.trainImages || datasetFacts(dataset).trainImages;

const searchIterations = (frame: WorkFrame, of: 'search' | 'nas') =>
  iterationsOf(frame.settings[of].weights, Math.floor(imagesOf(frame) / 2));

const largestOf = ({ settings }: WorkFrame): Architecture => ({
  stages: settings.searchSpace.stages.map(({ depth, width }) => ({ depth: depth.max, width: width.max })),
});

const parametersOf = ({ settings, input }: WorkFrame, architecture: Architecture) =>
  architectureParameters(settings.searchSpace, input, architecture);

/** The stem, two a block, and one a shortcut. */
const convolutionsOf = ({ stages }: Architecture) => stages.reduce((sum, { depth }) => sum + 2 * depth + 1, 1);

const meanConvolutions = ({ settings }: WorkFrame) =>
  settings.searchSpace.stages.reduce((sum, { depth }) => sum + depth.min + depth.max + 1, 1);

/** The narrowest architecture of middle depth and one width that costs so much: what a network of this cost holds, about. */
function architectureOfCost({ settings, input }: WorkFrame, multiplyAdds: number): Architecture {
  const { stages } = settings.searchSpace;
  const ofWidth = (width: number): Architecture => ({
    stages: stages.map(({ depth }) => ({ depth: Math.round((depth.min + depth.max) / 2), width })),
  });
  const most = Math.min(...stages.map(({ width }) => width.max));
  let width = 1;
  while (width < most && architectureCost(settings.searchSpace, input, ofWidth(width)) < multiplyAdds) width++;
  return ofWidth(width);
}
