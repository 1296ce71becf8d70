import { ARCHITECTURES_FILE, type MeasuredArchitecture, readArchitectures } from '@nss/contracts';
import type { JobNode } from './job-node.ts';
import type { Outcomes } from './outcomes.ts';

/** The networks of a population; none where the evaluation has no result. */
export function networksOf(
  outcomes: Outcomes,
  evaluation: JobNode<'evaluation'>,
  label: string,
): MeasuredArchitecture[] {
  const csv = outcomes.found(evaluation)?.artifacts[ARCHITECTURES_FILE];
  return csv === undefined ? [] : readArchitectures(csv).filter(({ population }) => population === label);
}

export const errorsOf = (networks: readonly MeasuredArchitecture[]): number[] =>
  networks.map(({ errorPercent }) => errorPercent);

export const costsOf = (networks: readonly MeasuredArchitecture[]): number[] =>
  networks.map(({ multiplyAdds }) => multiplyAdds);
