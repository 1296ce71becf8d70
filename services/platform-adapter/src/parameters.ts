import { domainLimits, type FieldViolation, toNetworkSpace } from '@nss/contracts';
import { parametersOf } from '@nss/exports';
import type { Architecture, NetworkSpace, Range, StageRanges } from '@nss/space';

/** A parameter as a platform tells it; without a range when it is no whole number from a range. */
export type PlatformParameter = { readonly name: string; readonly range: Range | undefined };

/** The value that a platform's trial gives to a parameter. */
export type Assignment = { readonly name: string; readonly value: number };

/**
 * The space that the parameters `depth1`, `width1`, `depth2`, ... make, in any order. What is wrong is pushed to `violations`;
 * then the result is undefined.
 */
export function toParameterSpace(
  parameters: readonly PlatformParameter[],
  violations: FieldViolation[],
): NetworkSpace | undefined {
  const before = violations.length;
  const ranges = new Map(parameters.map(({ name, range }) => [name, range]));
  const count = Math.min(Math.max(1, Math.ceil(ranges.size / 2)), domainLimits.stages);
  const expected = namesOf(count);
  for (const { name, range } of parameters) {
    const field = `parameters.${name}`;
    if (!expected.includes(name)) {
      const description = `expected depth1, width1 and so on, a depth and a width for each of 1 to ${domainLimits.stages} stages`;
      violations.push({ field, description });
    } else if (!range)
      violations.push({ field, description: 'expected whole numbers with min and max, in steps of 1' });
  }
  for (const name of expected) {
    if (!ranges.has(name)) violations.push({ field: `parameters.${name}`, description: 'is missing' });
  }
  if (violations.length > before) return undefined;
  const stages = Array.from({ length: count }, (_, i) => ({
    depth: ranges.get(`depth${i + 1}`),
    width: ranges.get(`width${i + 1}`),
  }));
  return toNetworkSpace({ stages }, 'parameters', violations);
}

/** An architecture as values of the parameters. */
export function toAssignments({ stages }: Architecture): Assignment[] {
  const only = (value: number): Range => ({ min: value, max: value });
  const single = stages.map(({ depth, width }) => ({ depth: only(depth), width: only(width) }));
  return parametersOf({ stages: single }).map(({ name, range }) => ({ name, value: range.min }));
}

/** The architecture that a trial's values make, of `stages` stages; undefined when they do not name every depth and width. */
export function fromAssignments(assignments: readonly Assignment[], stages: number): Architecture | undefined {
  const values = new Map(assignments.map(({ name, value }) => [name, value]));
  const found = Array.from({ length: stages }, (_, i) => ({
    depth: values.get(`depth${i + 1}`) ?? Number.NaN,
    width: values.get(`width${i + 1}`) ?? Number.NaN,
  }));
  return found.every(({ depth, width }) => depth >= 1 && width >= 1) ? { stages: found } : undefined;
}

const anyStage: StageRanges = { depth: { min: 1, max: 1 }, width: { min: 1, max: 1 } };
const namesOf = (stages: number) => parametersOf({ stages: Array(stages).fill(anyStage) }).map(({ name }) => name);
