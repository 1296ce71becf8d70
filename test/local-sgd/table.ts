import { bootstrapKendallTau, bootstrapStatistic, type Estimate, mean } from '@nss/analysis';
import { randomOf } from '@nss/space';
import type { Comparison, Measured } from './measure.ts';

/**
 * A row a super network, in Markdown: mean error, difference to plain training of the same seed, Kendall's tau with the two plain trainings.
 * Intervals are 95%, by bootstrap over the architectures. What two seeds of plain training differ by is what to compare with.
 */
export function comparisonTable({ plain, otherSeed, others }: Comparison): string {
  const rows = [plain, otherSeed, ...others].map((measured) => [
    measured.title,
    mean(measured.errorsPercent).toFixed(2),
    measured === plain ? '' : text(differenceOf(measured, plain), 2),
    measured === plain ? '' : text(tauOf(measured, plain), 3),
    measured === otherSeed ? '' : text(tauOf(measured, otherSeed), 3),
  ]);
  const header = ['super network', 'mean error (%)', 'more than plain, seed 0', 'tau with seed 0', 'tau with seed 1'];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `${plain.errorsPercent.length} architectures`,
    '',
    line(header),
    line(['---', '---:', '---:', '---:', '---:']),
    ...rows.map(line),
  ].join('\n');
}

const differenceOf = (a: Measured, b: Measured): Estimate =>
  bootstrapStatistic(
    [...a.errorsPercent.keys()],
    (chosen) => mean(chosen.map((i) => a.errorsPercent[i] - b.errorsPercent[i])),
    { random: randomOf(0, 'local-sgd', 'difference', a.title) },
  );

const tauOf = (a: Measured, b: Measured): Estimate =>
  bootstrapKendallTau([{ a: a.errorsPercent, b: b.errorsPercent }], {
    random: randomOf(0, 'local-sgd', 'tau', a.title, b.title),
    resamples: 1000,
  });

const text = ({ estimate, low, high }: Estimate, digits: number) =>
  `${estimate.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
