import { frontOf, isMeasured } from '../comparison.ts';
import type { ArchitectureRow, EvaluatedSpaceReport, EvaluationReport, ReportData } from '../data.ts';
import { distributionPanels } from '../figures/distribution-panels.ts';
import { drawFigure } from '../figures/draw.ts';
import { errorAgainstCost } from '../figures/error-against-cost.ts';
import { findingsOf, nameOfTarget, whyMissing } from '../findings.ts';
import { countOf, formatCount, formatNumber, formatPercent, formatSigned } from '../format.ts';
import { type Html, html } from '../html.ts';
import { key } from '../key.ts';
import { table } from '../table.ts';

/** What the stand-alone super networks say about the Elite Spaces. */
export async function evaluation(data: ReportData): Promise<Html> {
  const parts: Html[] = [];
  for (const each of data.evaluations) parts.push(await oneEvaluation(data, each));
  return html`<section id="evaluation">
<h2>Elite Spaces against the search space</h2>
<p>Architectures are measured as sub-networks of a stand-alone super network that no search has used; its errors rank architectures, and lie above what the same architectures reach when trained from scratch.</p>
${parts}
${missing(data)}
</section>
`;
}

function missing(data: ReportData): Html | undefined {
  const evaluated = (target: { targetMultiplyAdds: number; seed: number }) =>
    data.evaluations.some(({ spaces }) =>
      spaces.some(
        ({ targetMultiplyAdds, seed }) => targetMultiplyAdds === target.targetMultiplyAdds && seed === target.seed,
      ),
    );
  const notes = findingsOf(data).filter((finding) => !evaluated(finding));
  if (notes.length === 0) return undefined;
  return html`<ul class="note">${notes.map(
    (finding) =>
      html`<li>${nameOfTarget(data, finding)} was not evaluated: ${whyMissing(data, 'evaluation', finding)}.</li>`,
  )}</ul>`;
}

async function oneEvaluation(data: ReportData, each: EvaluationReport): Promise<Html> {
  const rows = each.architectures.filter(isMeasured);
  const dropped = each.architectures.length - rows.length;
  const sample = rows.filter(({ source }) => source === 'search-space');
  const front = frontOf(rows);
  const spaces = [...each.spaces].sort((a, b) => a.targetMultiplyAdds - b.targetMultiplyAdds || a.seed - b.seed);
  const measured = spaces.map((space) => {
    const ofSpace = rows.filter(({ label }) => label === space.label);
    return {
      ...space,
      name: nameOfTarget(data, space),
      elite: ofSpace.filter(({ source }) => source === 'elite'),
      matched: ofSpace.filter(({ source }) => source === 'matched'),
    };
  });
  const scatters: Html[] = [];
  for (const space of measured) scatters.push(await scatter(data, space, sample, front));
  return html`${data.evaluations.length > 1 ? html`<h3>Super network ${each.id}</h3>` : undefined}
${dropped > 0 ? html`<p class="note">${countOf(dropped, 'architecture')} without a finite error or cost are left out of the figures.</p>` : undefined}
${comparisonTable(data, each, spaces)}
<h3>Error against cost</h3>
${scatters}
<h3>Distribution of the error</h3>
${await errorDistributions(measured)}
<h3>Spread of the cost around the target</h3>
${await costDistributions(measured, sample)}
`;
}

type ShownSpace = EvaluatedSpaceReport & {
  readonly name: string;
  readonly elite: readonly ArchitectureRow[];
  readonly matched: readonly ArchitectureRow[];
};

function comparisonTable(data: ReportData, each: EvaluationReport, spaces: readonly EvaluatedSpaceReport[]): Html {
  const { hypervolumeElite, hypervolumeSearchSpace } = each;
  const hypervolume =
    hypervolumeElite !== undefined && hypervolumeSearchSpace !== undefined
      ? ` Hypervolume, the share of the rectangle up to the largest cost and error that some architecture dominates (larger is better, but it depends on the costs a set covers): ${formatNumber(hypervolumeElite, 3)} for the Elite Spaces, ${formatNumber(hypervolumeSearchSpace, 3)} for the search space.`
      : '';
  return table(
    `Errors at the same cost, in percent of images: mean and best of n architectures, and their mean distance in error to the Pareto front of all architectures evaluated. Matched architectures are drawn from the search space between the 5% and the 95% quantile of the Elite Space's cost.${hypervolume}`,
    [
      { title: 'Target', align: 'whole' },
      { title: 'Drawn from', align: 'whole' },
      { title: 'n', align: 'number' },
      { title: 'Mean error', align: 'number' },
      { title: 'Best error', align: 'number' },
      { title: 'Distance to front', align: 'number' },
      { title: 'Advantage [95%\u00a0interval]', align: 'number' },
    ],
    spaces.flatMap((space) => {
      const c = space.comparison;
      const name = nameOfTarget(data, space);
      if (!c) return [{ class: 'group' as const, cells: [name, 'no comparison was made', '', '', '', '', ''] }];
      return [
        {
          class: 'group' as const,
          cells: [
            name,
            'Elite Space',
            formatCount(c.eliteArchitectures),
            formatPercent(c.eliteMeanErrorPercent),
            formatPercent(c.eliteBestErrorPercent),
            formatNumber(c.eliteFrontDistancePercent, 1),
            `${formatSigned(c.advantagePercent, 1)} [${formatNumber(c.advantageLowPercent, 1)}, ${formatNumber(c.advantageHighPercent, 1)}]`,
          ],
        },
        {
          cells: [
            '',
            'search space, matched',
            formatCount(c.matchedArchitectures),
            formatPercent(c.matchedMeanErrorPercent),
            formatPercent(c.matchedBestErrorPercent),
            formatNumber(c.matchedFrontDistancePercent, 1),
            c.advantageLowPercent <= 0 && c.advantageHighPercent >= 0 ? 'includes zero' : '',
          ],
        },
      ];
    }),
  );
}

async function scatter(
  data: ReportData,
  space: ShownSpace,
  sample: readonly ArchitectureRow[],
  front: readonly ArchitectureRow[],
): Promise<Html> {
  if (space.elite.length === 0 && space.matched.length === 0) {
    return html`<p class="note">No architecture was measured for ${space.name}.</p>`;
  }
  const images = data.campaign.testImages ? ` of ${countOf(data.campaign.testImages, 'held-out image')}` : '';
  return html`<figure>
${key([
  { form: 'dot', colour: 'elite', text: 'Elite Space' },
  { form: 'hollow', colour: 'matched', text: 'search space, same cost' },
  { form: 'dot', colour: 'sample', text: 'search space, all costs' },
  { form: 'line', colour: 'ink', text: 'Pareto front' },
  { form: 'dashed', colour: 'ink', text: 'target' },
])}
${await drawFigure(
  errorAgainstCost({
    targetMultiplyAdds: space.targetMultiplyAdds,
    elite: space.elite,
    matched: space.matched,
    sample,
    front,
  }),
  `Error against cost at ${space.name}`,
)}
<figcaption>Error against cost at ${space.name}. Left: n = ${formatCount(space.elite.length)} architectures of the Elite Space among n = ${formatCount(sample.length)} drawn uniformly from the search space; cost on a log scale. Right: the same Elite architectures against n = ${formatCount(space.matched.length)} of the search space at the same cost. Each point is one architecture, its error the share${images} classified wrongly; the line is the Pareto front of all architectures evaluated here, the Elite Spaces of other targets included.</figcaption>
</figure>
`;
}

async function errorDistributions(spaces: readonly ShownSpace[]): Promise<Html | undefined> {
  const shown = spaces.filter(({ elite, matched }) => elite.length > 0 || matched.length > 0);
  if (shown.length === 0) return undefined;
  const errors = shown.flatMap(({ elite, matched }) => [...elite, ...matched]).map(({ errorPercent }) => errorPercent);
  const low = errors.reduce((a, b) => Math.min(a, b));
  const high = errors.reduce((a, b) => Math.max(a, b));
  const margin = Math.max((high - low) * 0.03, 0.1);
  const errorOf = (rows: readonly ArchitectureRow[]) => rows.map(({ errorPercent }) => errorPercent);
  return html`<figure>
${key([
  { form: 'line', colour: 'elite', text: 'Elite Space' },
  { form: 'line', colour: 'matched', text: 'search space, same cost' },
])}
${await drawFigure(
  distributionPanels({
    xTitle: 'error (% of images)',
    domain: [low - margin, high + margin],
    panels: shown.map(({ name, elite, matched }) => ({
      title: name,
      distributions: [
        { values: errorOf(matched), colour: 'matched' },
        { values: errorOf(elite), colour: 'elite' },
      ],
    })),
  }),
  'Empirical distribution functions of the error, a panel a target',
)}
<figcaption>Error EDF: share of architectures with at most the error on the x axis; further left is better. Elite Space and search space: ${sizesOf(shown, ({ elite, matched }) => [elite.length, matched.length])}.</figcaption>
</figure>`;
}

/** Deviations from the target beyond this are not drawn, in percent. */
const MAX_DEVIATION = 100;

async function costDistributions(
  spaces: readonly ShownSpace[],
  sample: readonly ArchitectureRow[],
): Promise<Html | undefined> {
  const shown = spaces.filter(({ elite }) => elite.length > 0);
  if (shown.length === 0) return undefined;
  const deviations = (rows: readonly ArchitectureRow[], target: number) =>
    rows.map(({ multiplyAdds }) => (multiplyAdds / target - 1) * 100);
  return html`<figure>
${key([
  { form: 'line', colour: 'elite', text: 'Elite Space' },
  { form: 'line', colour: 'sample', text: 'search space, all costs' },
  { form: 'band', colour: 'muted', text: 'within 10% of the target' },
])}
${await drawFigure(
  distributionPanels({
    xTitle: 'deviation (%)',
    domain: [-MAX_DEVIATION, MAX_DEVIATION],
    band: [-10, 10],
    panels: shown.map(({ name, elite, targetMultiplyAdds }) => ({
      title: name,
      distributions: [
        { values: deviations(sample, targetMultiplyAdds), colour: 'sample' },
        { values: deviations(elite, targetMultiplyAdds), colour: 'elite' },
      ],
    })),
  }),
  'Empirical distribution functions of the cost around the target, a panel a target',
)}
<figcaption>EDF of the cost, as deviation from the target in percent. The steeper the curve inside the shaded range, the more of a space's architectures are worth looking at for this target. Costs beyond ±${MAX_DEVIATION}% count but are not drawn. n = ${formatCount(sample.length)} for the search space; Elite Spaces: ${sizesOf(shown, ({ elite }) => [elite.length])}.</figcaption>
</figure>`;
}

/** `n = 300 each`, or the number of every target where they differ. */
function sizesOf(spaces: readonly ShownSpace[], sizes: (space: ShownSpace) => readonly number[]): string {
  const texts = spaces.map((space) => [...new Set(sizes(space))].map(formatCount).join(' and '));
  return new Set(texts).size === 1
    ? `n = ${texts[0]} each`
    : spaces.map(({ name }, i) => `n = ${texts[i]} at ${name}`).join('; ');
}
