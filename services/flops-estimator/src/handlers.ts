import {
  type Certificate,
  type CertifySpaceRequest,
  type EstimateArchitecturesRequest,
  type EstimateArchitecturesResponse,
  type EstimateDistributionRequest,
  type EstimateDistributionResponse,
  type FieldViolation,
  type FlopsEstimatorServiceService,
  type StageProbabilities,
  toInputShape,
  toNetworkSpace,
  toSearchSpace,
} from '@nss/contracts';
import { certify, costsOf, distributionCost } from '@nss/cost';
import { type Implementation, invalidArgument } from '@nss/rpc';
import { turn } from '@nss/runtime';
import { depthBins, type SearchSpace, widthBins } from '@nss/space';

/** Architectures in one call. At 8 stages such a call takes 3.2 MB, within the 4 MiB that the server receives. */
export const maxArchitectures = 100_000;

/** Violations told of one list; an error that lists 100,000 wrong widths helps nobody. */
const maxViolations = 20;

/** How far a sum of probabilities may be from one, which rounding in single precision needs. */
const sumTolerance = 1e-4;

/** The FlopsEstimatorService: pure functions of the request, each within a second. */
export const handlers: Implementation<typeof FlopsEstimatorServiceService> = {
  estimateArchitectures,
  estimateDistribution,
  certifySpace,
};

async function estimateArchitectures(request: EstimateArchitecturesRequest): Promise<EstimateArchitecturesResponse> {
  const violations: FieldViolation[] = [];
  const input = toInputShape(request.input, 'input', violations);
  const space = toSearchSpace(request.searchSpace, 'search_space', violations);
  if (space) checkArchitectures(request.depthsAndWidths, space, violations);
  if (!input || !space || violations.length > 0) throw invalidArgument(violations);

  const { multiplyAdds, parameters } = costsOf(space, input, request.depthsAndWidths);
  return { multiplyAdds: Array.from(multiplyAdds), parameters: Array.from(parameters) };
}

async function estimateDistribution(request: EstimateDistributionRequest): Promise<EstimateDistributionResponse> {
  const violations: FieldViolation[] = [];
  const input = toInputShape(request.input, 'input', violations);
  const space = toSearchSpace(request.searchSpace, 'search_space', violations);
  if (space) checkProbabilities(request.stages, space, violations);
  if (!input || !space || violations.length > 0) throw invalidArgument(violations);

  const { mean, gradient } = distributionCost(space, input, request.stages);
  return { meanMultiplyAdds: mean, gradient };
}

async function certifySpace(request: CertifySpaceRequest): Promise<Certificate> {
  const violations: FieldViolation[] = [];
  const input = toInputShape(request.input, 'input', violations);
  const space = toSearchSpace(request.searchSpace, 'search_space', violations);
  const networkSpace = toNetworkSpace(request.space, 'space', violations, space);
  const target = request.targetMultiplyAdds;
  if (!(target >= 0 && Number.isFinite(target))) {
    const description = `expected multiply-adds above 0, or 0 for no target, found ${target}`;
    violations.push({ field: 'target_multiply_adds', description });
  }
  if (!input || !space || !networkSpace || violations.length > 0) throw invalidArgument(violations);

  // Tens of milliseconds each; hundreds of searches may end together.
  await turn();
  const certificate = certify(space, input, networkSpace, target);
  return { ...certificate, quantiles: [...certificate.quantiles] };
}

function checkArchitectures(depthsAndWidths: readonly number[], space: SearchSpace, violations: FieldViolation[]) {
  const field = 'depths_and_widths';
  const variables = space.stages.flatMap(({ depth, width }) => [depth, width]);
  const count = depthsAndWidths.length / variables.length;
  if (!Number.isInteger(count)) {
    const description = `expected a depth and a width for each of ${space.stages.length} stages, so a multiple of ${variables.length} numbers, found ${depthsAndWidths.length}`;
    violations.push({ field, description });
    return;
  }
  if (count > maxArchitectures) {
    const description = `expected at most ${maxArchitectures} architectures a call, found ${count}; split the call`;
    violations.push({ field, description });
    return;
  }
  let faults = 0;
  // By index: an iterator of entries takes as long as reading the request does.
  for (let i = 0; i < depthsAndWidths.length; i++) {
    const { min, max } = variables[i % variables.length];
    const found = depthsAndWidths[i];
    if (found >= min && found <= max) continue;
    faults++;
    if (faults > maxViolations) continue;
    const which = `${i % 2 === 0 ? 'depth' : 'width'} of stage ${Math.floor((i % variables.length) / 2) + 1}`;
    const description = `expected a ${which} from ${min} to ${max}, found ${found}`;
    violations.push({ field: `${field}[${i}]`, description });
  }
  if (faults > maxViolations) {
    violations.push({ field, description: `${faults - maxViolations} more numbers are outside of the search space` });
  }
}

function checkProbabilities(stages: readonly StageProbabilities[], space: SearchSpace, violations: FieldViolation[]) {
  if (stages.length !== space.stages.length) {
    const description = `expected ${space.stages.length} stages, as many as the search space has, found ${stages.length}`;
    violations.push({ field: 'stages', description });
    return;
  }
  for (const [i, stage] of space.stages.entries()) {
    checkDistribution(stages[i].depth, depthBins(stage).length, `stages[${i}].depth`, violations);
    checkDistribution(stages[i].width, widthBins(stage).length, `stages[${i}].width`, violations);
  }
}

/** Pushes at most one violation: the number of bins, else the first number that is no probability, else the sum. */
function checkDistribution(found: readonly number[], bins: number, field: string, violations: FieldViolation[]) {
  if (found.length !== bins) {
    violations.push({ field, description: `expected ${bins} probabilities, one a bin, found ${found.length}` });
    return;
  }
  const wrong = found.findIndex((probability) => !(probability >= 0 && probability <= 1));
  if (wrong !== -1) {
    const description = `expected a probability from 0 to 1, found ${found[wrong]}`;
    violations.push({ field: `${field}[${wrong}]`, description });
    return;
  }
  const sum = found.reduce((total, probability) => total + probability, 0);
  if (Math.abs(sum - 1) > sumTolerance) {
    violations.push({ field, description: `expected probabilities with a sum of 1, found a sum of ${sum}` });
  }
}
