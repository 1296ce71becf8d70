import { formatArchitecture } from '@nss/space';
import type { MeasuredRow } from './comparison.ts';

/** The file that lists what was measured, a row an architecture. No field needs quotes: labels hold no commas. */
export const ARCHITECTURES_FILE = 'architectures.csv';

export function architecturesCsv(rows: readonly MeasuredRow[]): string {
  const lines = rows.map(({ population, architecture, multiplyAdds, errorPercent, loss }) =>
    [population, formatArchitecture(architecture), multiplyAdds, errorPercent, loss].join(','),
  );
  return [header, ...lines, ''].join('\n');
}

const header = 'population,architecture,multiply_adds,error_percent,loss';
