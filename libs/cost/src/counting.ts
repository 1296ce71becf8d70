import { type NetworkSpace, sizeOf } from '@nss/space';
import { type CostPolynomial, stageTerm } from './polynomial.ts';

/**
 * Counts architectures by cost without visiting them. The cost is a chain: each stage's term knows its own depth and
 * width and the width before it. So the chain is cut after one stage; for each width of that stage, `heads` holds the sums of
 * the terms up to the cut over every choice, `tails` those behind it, both ascending. Every pair of the two is one
 * architecture. The 2,097,152 architectures of a paper Elite Space are 32 x (512 heads, 128 tails).
 */
export type CountingTable = { readonly heads: readonly Float64Array[]; readonly tails: readonly Float64Array[] };

/** Sums held in all tables together; bounds time (a second, at most) and memory (8 MB). */
const maxSums = 2 ** 20;

/** The table of a network space, or undefined when it would hold more sums than are worth counting. */
export function countingTable(polynomial: CostPolynomial, networkSpace: NetworkSpace): CountingTable | undefined {
  const cut = cheapestCut(networkSpace);
  if (cut.sums > maxSums) return undefined;
  return {
    heads: headSums(polynomial, networkSpace, cut.stage).map((sums) => sums.sort()),
    tails: tailSums(polynomial, networkSpace, cut.stage).map((sums) => sums.sort()),
  };
}

/** How many architectures cost at most `limit`. */
export function countAtMost({ heads, tails }: CountingTable, limit: number): number {
  let count = 0;
  for (let group = 0; group < heads.length; group++) {
    const [head, tail] = [heads[group], tails[group]];
    // Both ascend: as the head grows, fewer tails fit.
    let fitting = tail.length;
    for (let i = 0; i < head.length && fitting > 0; i++) {
      while (fitting > 0 && head[i] + tail[fitting - 1] > limit) fitting--;
      count += fitting;
    }
  }
  return count;
}

/** The stage to cut after, and how many sums the table then holds. */
function cheapestCut({ stages }: NetworkSpace): { stage: number; sums: number } {
  const cuts = stages.map((_, stage) => {
    const choices = stages.map(({ depth, width }) => sizeOf(depth) * sizeOf(width));
    const heads = choices.slice(0, stage + 1).reduce(multiply, 1);
    const tails = sizeOf(stages[stage].width) * choices.slice(stage + 1).reduce(multiply, 1);
    return { stage, sums: heads + tails };
  });
  return cuts.reduce((best, cut) => (cut.sums < best.sums ? cut : best));
}

/** For each width of stage `last`, the sums of the terms of stages 0 to `last`. */
function headSums(polynomial: CostPolynomial, { stages }: NetworkSpace, last: number): Float64Array[] {
  // Before the first stage there is one width, the stem's, and nothing to sum.
  let before = [polynomial.stemWidth];
  let sums: Float64Array[] = [Float64Array.of(0)];
  for (let i = 0; i <= last; i++) {
    const { depth, width } = stages[i];
    const widths = numbersOf(width);
    sums = widths.map((w) =>
      concat(
        before.flatMap((w0, group) =>
          numbersOf(depth).map((d) => plus(sums[group], stageTerm(polynomial, i, w0, w, d))),
        ),
      ),
    );
    before = widths;
  }
  return sums;
}

/** For each width of stage `cut`, the sums of the terms of the stages behind it and of what belongs to no stage. */
function tailSums(polynomial: CostPolynomial, { stages }: NetworkSpace, cut: number): Float64Array[] {
  const { constant, perFeature } = polynomial;
  let sums: Float64Array[] = numbersOf(stages[stages.length - 1].width).map((w) =>
    Float64Array.of(constant + perFeature * w),
  );
  for (let i = stages.length - 1; i > cut; i--) {
    const { depth, width } = stages[i];
    sums = numbersOf(stages[i - 1].width).map((w0) =>
      concat(
        numbersOf(width).flatMap((w, group) =>
          numbersOf(depth).map((d) => plus(sums[group], stageTerm(polynomial, i, w0, w, d))),
        ),
      ),
    );
  }
  return sums;
}

const multiply = (a: number, b: number) => a * b;

const numbersOf = ({ min, max }: { min: number; max: number }) =>
  Array.from({ length: max - min + 1 }, (_, i) => min + i);

const plus = (sums: Float64Array, addend: number) => sums.map((sum) => sum + addend);

function concat(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
