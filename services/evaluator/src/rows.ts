import { setImmediate } from 'node:timers/promises';
import { quantile } from '@nss/analysis';
import { costsOf } from '@nss/cost';
import {
  type Architecture,
  drawArchitecture,
  formatArchitecture,
  type InputShape,
  type NetworkSpace,
  type Random,
  randomOf,
  type SearchSpace,
  wholeSpace,
} from '@nss/space';

/** Where an evaluated architecture was drawn from. */
export type Source =
  /** Uniformly from an Elite Space. */
  | 'elite'
  /** Uniformly from the architectures of the search space that cost what those of the Elite Space do. */
  | 'matched'
  /** Uniformly from the search space. */
  | 'search-space';

/** An architecture to evaluate. The same one may be drawn several times: a row is a draw. */
export type Row = {
  /** Label of the evaluated space; empty for a draw from the whole search space, which belongs to none. */
  readonly label: string;
  readonly source: Source;
  readonly architecture: Architecture;
  readonly multiplyAdds: number;
};

/**
 * Draws what an evaluation measures: `count` architectures of every space, as many of the search space whose cost lies between
 * the 5% and the 95% quantile of those, and `count` of the search space whatever their cost. Fewer matched ones where the search space
 * hardly has any. Follows from the seed alone.
 */
export async function drawRows(
  space: SearchSpace,
  input: InputShape,
  spaces: readonly { readonly label: string; readonly space: NetworkSpace }[],
  count: number,
  seed: number,
): Promise<Row[]> {
  const whole = wholeSpace(space);
  const drawFrom = (from: NetworkSpace, random: Random, n: number): Omit<Row, 'label' | 'source'>[] => {
    const architectures = Array.from({ length: n }, () => drawArchitecture(random, from));
    const packed = architectures.flatMap(({ stages }) => stages.flatMap(({ depth, width }) => [depth, width]));
    const { multiplyAdds } = costsOf(space, input, packed);
    return architectures.map((architecture, i) => ({ architecture, multiplyAdds: multiplyAdds[i] }));
  };

  const rows: Row[] = [];
  for (const { label, space: eliteSpace } of spaces) {
    const elite = drawFrom(eliteSpace, randomOf(seed, 'evaluation', 'elite', label), count);
    const costs = elite.map(({ multiplyAdds }) => multiplyAdds);
    const [low, high] = [quantile(costs, 0.05), quantile(costs, 0.95)];
    const random = randomOf(seed, 'evaluation', 'matched', label);
    const matched: typeof elite = [];
    for (let tried = 0; matched.length < count && tried < mostTries; tried += batch) {
      matched.push(
        ...drawFrom(whole, random, batch).filter(({ multiplyAdds }) => low <= multiplyAdds && multiplyAdds <= high),
      );
      // A rare cost takes seconds to find; health checks and heartbeats must not wait for it.
      await setImmediate();
    }
    for (const row of elite) rows.push({ label, source: 'elite', ...row });
    for (const row of matched.slice(0, count)) rows.push({ label, source: 'matched', ...row });
  }
  const cloud = drawFrom(whole, randomOf(seed, 'evaluation', 'search-space'), count);
  for (const row of cloud) rows.push({ label: '', source: 'search-space', ...row });
  return rows;
}

/** The different architectures among the rows, in order of appearance; each needs measuring once only. */
export function distinctArchitectures(rows: readonly Row[]): Architecture[] {
  return [...new Map(rows.map(({ architecture }) => [formatArchitecture(architecture), architecture])).values()];
}

const batch = 10_000;
const mostTries = 2_000_000;
