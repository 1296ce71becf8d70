import { mean, standardDeviation } from '@nss/analysis';
import { formatMultiplyAdds } from '@nss/space';
import type { ReportData } from '../data.ts';
import { hasSeveralSeeds, type NasOutcome, nasOutcomesOf, whyMissing } from '../findings.ts';
import { formatCost, formatCount, formatDeviation, formatPercent, formatShare, MISSING } from '../format.ts';
import { type Html, html } from '../html.ts';
import { table } from '../table.ts';

/** NAS on the Elite Spaces against NAS on the search space, in the form of the paper's Table 1. */
export function nas(data: ReportData): Html {
  return html`<section id="nas">
<h2>Architecture search and final training</h2>
<p>The same search, with bins of size one, looks for one architecture: inside the Elite Space, and, as the baseline, in all of the search space. On an Elite Space it draws a fixed number of architectures and keeps the closest to the target; on the search space it draws until one is close enough. Fewer draws on the Elite Space are therefore partly by construction: the hit rate, the share of draws within the tolerance, compares the two fairly.</p>
${content(data)}
</section>
`;
}

function content(data: ReportData): Html {
  const outcomes = nasOutcomesOf(data);
  if (outcomes.every(({ nas: run, testErrorsPercent }) => !run && testErrorsPercent.length === 0)) {
    const reasons = [...new Set(outcomes.map((outcome) => whyMissing(data, 'nas', outcome, outcome.source)))];
    return html`<p class="note">No architecture was searched: ${reasons.join('; ')}.</p>`;
  }
  return html`${verdict(outcomes)}${resultsTable(data, outcomes)}${untrained(data, outcomes)}`;
}

/** Who wins where both were trained, and by enough to mean something. */
function verdict(outcomes: readonly NasOutcome[]): Html | undefined {
  const pairs = outcomes
    .filter(({ source }) => source === 'elite')
    .flatMap((elite) => {
      const baseline = outcomes.find(
        (other) =>
          other.source === 'search-space' &&
          other.targetMultiplyAdds === elite.targetMultiplyAdds &&
          other.seed === elite.seed,
      );
      const errors = [elite.testErrorsPercent, baseline?.testErrorsPercent ?? []];
      return errors.every(({ length }) => length > 0) ? [errors] : [];
    });
  if (pairs.length === 0) return undefined;
  const better = pairs.filter(([elite, baseline]) => mean(elite) < mean(baseline)).length;
  const clear = pairs.filter(
    ([elite, baseline]) =>
      Math.abs(mean(elite) - mean(baseline)) > standardDeviation(elite) + standardDeviation(baseline),
  ).length;
  return html`<p>Trained from scratch, the architecture from the Elite Space has the lower mean test error in ${better} of ${
    pairs.length
  } ${pairs.length === 1 ? 'case' : 'cases'}; in ${clear} of ${pairs.length} the two means differ by more than their standard deviations together. With few repeats, smaller differences mean little.</p>`;
}

function resultsTable(data: ReportData, outcomes: readonly NasOutcome[]): Html {
  const seeds = hasSeveralSeeds(data);
  return table(
    'NAS on the Elite Space against NAS on the search space: the architecture found, its cost and deviation from the target, the draws made until it was kept, the share of draws within the tolerance of the target (hit rate), and its test error after training from scratch: mean ± standard deviation over n repeats.',
    [
      { title: 'Target', align: 'whole' },
      ...(seeds ? [{ title: 'Seed', align: 'number' as const }] : []),
      { title: 'NAS on', align: 'whole' },
      { title: 'Architecture' },
      { title: 'Cost', align: 'number' },
      { title: 'Deviation', align: 'number' },
      { title: 'Draws', align: 'number' },
      { title: 'Hit rate', align: 'number' },
      { title: 'Test error', align: 'number' },
      { title: 'n', align: 'number' },
    ],
    outcomes.map((outcome) => {
      const { nas: run, source, testErrorsPercent } = outcome;
      const first = source === 'elite';
      return {
        class: first ? ('group' as const) : undefined,
        cells: [
          first ? formatMultiplyAdds(outcome.targetMultiplyAdds) : '',
          ...(seeds ? [first ? String(outcome.seed) : ''] : []),
          first ? 'Elite Space' : 'search space',
          run ? html`<code>${run.architecture}</code>` : whyMissing(data, 'nas', outcome, source),
          formatCost(run?.multiplyAdds),
          formatDeviation(run?.deviation),
          run ? formatCount(run.draws) : MISSING,
          formatShare(run?.hitRate),
          errorText(testErrorsPercent),
          testErrorsPercent.length > 0 ? String(testErrorsPercent.length) : MISSING,
        ],
      };
    }),
  );
}

function errorText(errors: readonly number[]): string {
  const spread = errors.length > 1 ? ` ± ${formatPercent(standardDeviation(errors), 2)}` : '';
  return `${formatPercent(mean(errors), 2)}${spread}`;
}

function untrained(data: ReportData, outcomes: readonly NasOutcome[]): Html | undefined {
  const missing = outcomes.filter(({ nas: run, testErrorsPercent }) => run && testErrorsPercent.length === 0);
  if (missing.length === 0) return undefined;
  const reasons = [...new Set(missing.map((outcome) => whyMissing(data, 'training', outcome, outcome.source)))];
  return html`<p class="note">${
    missing.length === outcomes.length ? 'Nothing' : `${missing.length} of ${outcomes.length} architectures were not`
  }${missing.length === outcomes.length ? ' was' : ''} trained from scratch: ${reasons.join('; ')}.</p>`;
}
