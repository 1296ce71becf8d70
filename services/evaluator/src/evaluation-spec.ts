import {
  type CostRange as CostRangeMessage,
  type EvaluationSpec,
  type FieldViolation,
  type Population as PopulationMessage,
  toArchitecture,
  toNetworkSpace,
} from '@nss/contracts';
import { costRange } from '@nss/cost';
import { isNameOf } from '@nss/rpc';
import { type Architecture, formatMultiplyAdds, type NetworkSpace, wholeSpace } from '@nss/space';
import { toWork, type Work } from '@nss/trainer-jobs';
import type { CostRange, Population } from './populations.ts';

/** The spec of an evaluation, checked. */
export type CheckedEvaluation = {
  readonly work: Work;
  /** `superNetworks/{id}`. */
  readonly superNetwork: string;
  readonly calibrationImages: number;
  readonly populations: readonly Population[];
};

/** Checks a spec; pushes everything that is wrong, with paths in proto names, and then gives undefined. */
export function toEvaluation(
  spec: EvaluationSpec | undefined,
  violations: FieldViolation[],
): CheckedEvaluation | undefined {
  if (!spec) {
    violations.push({ field: 'spec', description: 'expected what to evaluate, found nothing' });
    return undefined;
  }
  const { superNetwork, calibrationImages } = spec;
  const work = toWork(spec, violations);
  if (!isNameOf('superNetworks', superNetwork)) {
    const description = `expected superNetworks/{id}, found "${superNetwork}"`;
    violations.push({ field: 'spec.super_network', description });
  }
  const most = work?.images.all ?? Number.MAX_SAFE_INTEGER;
  checkWhole(calibrationImages, 2, most, 'spec.calibration_images', violations);
  if (spec.populations.length < 1 || spec.populations.length > mostPopulations) {
    const description = `expected 1 to ${mostPopulations} populations, found ${spec.populations.length}`;
    violations.push({ field: 'spec.populations', description });
  }
  checkTotal(spec.populations, violations);
  const populations = spec.populations.flatMap((population, i, all) => {
    checkLabel(population.label, i, all, violations);
    return toPopulation(population, i, all, work, violations) ?? [];
  });
  return violations.length === 0 && work ? { work, superNetwork, calibrationImages, populations } : undefined;
}

/** All architectures of an evaluation are in memory at once, of the evaluator too, which serves others meanwhile. */
function checkTotal(populations: readonly PopulationMessage[], violations: FieldViolation[]): void {
  const total = populations.reduce(
    (sum, { members, count }) =>
      sum + (members?.$case === 'architectures' ? members.value.architectures.length : count),
    0,
  );
  if (total <= mostArchitectures) return;
  const description = `expected at most ${mostArchitectures} architectures in all populations together, found ${total}`;
  violations.push({ field: 'spec.populations', description });
}

function checkLabel(label: string, i: number, all: readonly PopulationMessage[], violations: FieldViolation[]): void {
  const field = `spec.populations[${i}].label`;
  if (!/^[a-z0-9][a-z0-9.-]{0,63}$/.test(label)) {
    const description = `expected 1 to 64 lower-case letters, digits, dots and hyphens, found "${label}"`;
    violations.push({ field, description });
  }
  const first = all.findIndex((other) => other.label === label);
  if (first < i)
    violations.push({ field, description: `"${label}" is the label of spec.populations[${first}] already` });
}

function toPopulation(
  population: PopulationMessage,
  i: number,
  all: readonly PopulationMessage[],
  work: Work | undefined,
  violations: FieldViolation[],
): Population | undefined {
  const { label, members, count, cost, designRule } = population;
  const path = `spec.populations[${i}]`;
  if (members?.$case === 'architectures') {
    const conditions = {
      count: count !== 0,
      cost_range: cost?.$case === 'costRange',
      matched_to: cost?.$case === 'matchedTo',
      design_rule: designRule !== undefined,
    };
    for (const [field, found] of Object.entries(conditions)) {
      if (!found) continue;
      violations.push({
        field: `${path}.${field}`,
        description: 'expected nothing: listed architectures are not drawn',
      });
    }
    const architectures = toArchitectures(
      members.value.architectures,
      `${path}.architectures.architectures`,
      work,
      violations,
    );
    return architectures && { label, architectures };
  }
  checkWhole(count, 1, mostArchitectures, `${path}.count`, violations);
  const whole = work && wholeSpace(work.space);
  const within = members ? toNetworkSpace(members.value, `${path}.space`, violations, work?.space) : whole;
  if (!work || !within) return undefined;
  return { label, within, count, cost: toCost(cost, i, all, work, within, violations), rule: designRule };
}

function toArchitectures(
  found: readonly Parameters<typeof toArchitecture>[0][],
  path: string,
  work: Work | undefined,
  violations: FieldViolation[],
): Architecture[] | undefined {
  if (found.length < 1 || found.length > mostArchitectures) {
    violations.push({
      field: path,
      description: `expected 1 to ${mostArchitectures} architectures, found ${found.length}`,
    });
    return undefined;
  }
  const architectures = found.map((each, j) => toArchitecture(each, `${path}[${j}]`, violations, work?.space));
  return architectures.every((each) => each !== undefined) ? architectures : undefined;
}

function toCost(
  cost: PopulationMessage['cost'],
  i: number,
  all: readonly PopulationMessage[],
  work: Work,
  within: NetworkSpace,
  violations: FieldViolation[],
) {
  if (cost?.$case === 'costRange') {
    return toCostRange(cost.value, `spec.populations[${i}].cost_range`, work, within, violations);
  }
  if (cost?.$case !== 'matchedTo') return undefined;
  if (!all.slice(0, i).some(({ label }) => label === cost.value)) {
    const description = `expected the label of an earlier population, found "${cost.value}"`;
    violations.push({ field: `spec.populations[${i}].matched_to`, description });
  }
  return { matchedTo: cost.value };
}

function toCostRange(
  { minMultiplyAdds: min, maxMultiplyAdds: max }: CostRangeMessage,
  field: string,
  work: Work,
  within: NetworkSpace,
  violations: FieldViolation[],
): CostRange {
  const met = costRange(work.space, work.input, within);
  if (!(min >= 0 && min <= max && max <= Number.MAX_SAFE_INTEGER)) {
    violations.push({ field, description: `expected 0 <= min <= max multiply-adds, found ${min} to ${max}` });
  } else if (max < met.min || min > met.max) {
    const [from, to] = [met.min, met.max].map(formatMultiplyAdds);
    const description = `no architecture of this space costs ${min} to ${max}; it can meet ${from} to ${to}`;
    violations.push({ field, description });
  }
  return { min, max };
}

function checkWhole(found: number, min: number, max: number, field: string, violations: FieldViolation[]): void {
  if (Number.isInteger(found) && found >= min && found <= max) return;
  violations.push({ field, description: `expected a whole number from ${min} to ${max}, found ${found}` });
}

const mostPopulations = 1_000;
const mostArchitectures = 100_000;
