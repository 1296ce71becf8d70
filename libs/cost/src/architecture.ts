import {
  type Architecture,
  type InputShape,
  largestArchitecture,
  type NetworkSpace,
  type SearchSpace,
  smallestArchitecture,
} from '@nss/space';
import { evaluateAll, multiplyAddsOf, parametersOf } from './polynomial.ts';

/**
 * Multiply-adds of one architecture (method section 3). `space` gives the stem and the strides. Exact: every cost within
 * the limits of the system is a whole number below 2^53.
 */
export function architectureCost(space: SearchSpace, input: InputShape, architecture: Architecture): number {
  return costFunction(space, input)(architecture);
}

/** `architectureCost` for many architectures. */
export function costFunction(space: SearchSpace, input: InputShape): (architecture: Architecture) => number {
  const polynomial = multiplyAddsOf(space, input);
  return (architecture) => evaluateAll(polynomial, pack(architecture))[0];
}

/** Trained numbers of one architecture: weights and bias, and scale and offset of every BatchNorm. */
export function architectureParameters(space: SearchSpace, input: InputShape, architecture: Architecture): number {
  return evaluateAll(parametersOf(space, input), pack(architecture))[0];
}

/**
 * Costs of many architectures, packed as depth and width of stage 1, of stage 2, ..., architecture after architecture.
 * Throws RangeError when the list ends inside an architecture.
 */
export function costsOf(
  space: SearchSpace,
  input: InputShape,
  depthsAndWidths: ArrayLike<number>,
): { multiplyAdds: Float64Array; parameters: Float64Array } {
  return {
    multiplyAdds: evaluateAll(multiplyAddsOf(space, input), depthsAndWidths),
    parameters: evaluateAll(parametersOf(space, input), depthsAndWidths),
  };
}

/** Multiply-adds of the cheapest and the dearest architecture of a network space; the cost grows with every variable. */
export function costRange(
  space: SearchSpace,
  input: InputShape,
  networkSpace: NetworkSpace,
): { min: number; max: number } {
  return {
    min: architectureCost(space, input, smallestArchitecture(networkSpace)),
    max: architectureCost(space, input, largestArchitecture(networkSpace)),
  };
}

const pack = (architecture: Architecture) => architecture.stages.flatMap(({ depth, width }) => [depth, width]);
