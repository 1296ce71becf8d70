import type { JobNode } from './job-node.ts';
import type { Outcomes } from './outcomes.ts';

/** A network that an evaluation measured. */
export type MeasuredNetwork = {
  /** For example "2x16-3x32-4x64". */
  readonly architecture: string;
  readonly multiplyAdds: number;
  readonly errorPercent: number;
};

/** The networks of a population; none where the evaluation has no result. */
export function networksOf(outcomes: Outcomes, evaluation: JobNode<'evaluation'>, label: string): MeasuredNetwork[] {
  const csv = outcomes.found(evaluation)?.artifacts['architectures.csv'];
  if (csv === undefined) return [];
  const [header, ...lines] = csv.trim().split('\n');
  const columns = header.split(',');
  const [population, architecture, multiplyAdds, errorPercent] = [
    'population',
    'architecture',
    'multiply_adds',
    'error_percent',
  ].map((name) => columns.indexOf(name));
  return lines
    .map((line) => line.split(','))
    .filter((fields) => fields[population] === label)
    .map((fields) => ({
      architecture: fields[architecture],
      multiplyAdds: Number(fields[multiplyAdds]),
      errorPercent: Number(fields[errorPercent]),
    }));
}

export const errorsOf = (networks: readonly MeasuredNetwork[]): number[] =>
  networks.map(({ errorPercent }) => errorPercent);

export const costsOf = (networks: readonly MeasuredNetwork[]): number[] =>
  networks.map(({ multiplyAdds }) => multiplyAdds);
