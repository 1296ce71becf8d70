/*
 * The artifact `architectures.csv` of an evaluation: a row an architecture of a population. No field needs quotes: labels and texts of
 * architectures hold no commas.
 */

/** A row; an architecture that was drawn twice has two. */
export type MeasuredArchitecture = {
  /** Label of the population. */
  readonly population: string;
  /** Text form, for example "2x16-3x32-4x64". */
  readonly architecture: string;
  readonly multiplyAdds: number;
  readonly errorPercent: number;
  /** Mean cross entropy in nats. */
  readonly loss: number;
};

export const ARCHITECTURES_FILE = 'architectures.csv';

const columns: Readonly<Record<keyof MeasuredArchitecture, string>> = {
  population: 'population',
  architecture: 'architecture',
  multiplyAdds: 'multiply_adds',
  errorPercent: 'error_percent',
  loss: 'loss',
};
const keys = Object.keys(columns) as (keyof MeasuredArchitecture)[];

export function writeArchitectures(rows: readonly MeasuredArchitecture[]): string {
  const lines = rows.map((row) => keys.map((key) => row[key]).join(','));
  return [Object.values(columns).join(','), ...lines, ''].join('\n');
}

/** Reads what `writeArchitectures` wrote, also with columns that were added since. */
export function readArchitectures(csv: string): MeasuredArchitecture[] {
  const [header, ...lines] = csv.trim().split('\n');
  const names = header.split(',');
  const at = Object.fromEntries(keys.map((key) => [key, names.indexOf(columns[key])]));
  return lines.map((line) => {
    const fields = line.split(',');
    return {
      population: fields[at.population],
      architecture: fields[at.architecture],
      multiplyAdds: Number(fields[at.multiplyAdds]),
      errorPercent: Number(fields[at.errorPercent]),
      loss: Number(fields[at.loss]),
    };
  });
}
