import { mean as averageOf } from '@nss/analysis';
import { formatMultiplyAdds, formatSpace } from '@nss/space';
import type { JobReport, ReportData } from '../data.ts';
import { advantageOfTargets } from '../figures/advantage.ts';
import { drawFigure } from '../figures/draw.ts';
import { type Finding, findingsOf, hasSeveralSeeds, nameOfTarget, phaseTitles, whyMissing } from '../findings.ts';
import {
  countOf,
  formatCost,
  formatDeviation,
  formatNumber,
  formatPercent,
  formatSigned,
  listOf,
  MISSING,
} from '../format.ts';
import { type Html, html } from '../html.ts';
import { key } from '../key.ts';
import { table } from '../table.ts';

/** What was found, in a few sentences, the key table and the picture of the advantage. */
export async function summary(data: ReportData): Promise<Html> {
  const findings = findingsOf(data);
  return html`<section id="summary">
<h2>Summary</h2>
<p class="lead">${searchSentence(findings)} ${advantageSentence(data, findings)}</p>
${shortfalls(data, findings)}
${keyTable(data, findings)}
${await advantageFigure(data, findings)}
</section>
`;
}

function searchSentence(findings: readonly Finding[]): string {
  const found = findings.flatMap(({ search, targetMultiplyAdds }) =>
    search ? [{ targetMultiplyAdds, deviation: Math.abs(search.certificate.deviation) }] : [],
  );
  const searches = countOf(findings.length, 'search', 'searches');
  if (found.length === 0) return `None of ${searches} found an Elite Space.`;
  const targets = found.map(({ targetMultiplyAdds }) => targetMultiplyAdds);
  const [low, high] = [targets[0], targets[targets.length - 1]].map(formatMultiplyAdds);
  const worst = found.reduce((a, b) => (b.deviation > a.deviation ? b : a));
  const mean = averageOf(found.map(({ deviation }) => deviation));
  return `${found.length} of ${searches} found an Elite Space, at ${low === high ? 'a target' : 'targets'} of ${
    low === high ? low : `${low} to ${high}`
  }; ${
    found.length === 1
      ? `its mean cost lies ${formatPercent(mean * 100)} from the target.`
      : `their mean costs lie ${formatPercent(mean * 100)} from their targets on average and ${formatPercent(
          worst.deviation * 100,
        )} at most (at ${formatMultiplyAdds(worst.targetMultiplyAdds)}).`
  }`;
}

function advantageSentence(data: ReportData, findings: readonly Finding[]): string {
  const compared = findings.flatMap((finding) =>
    finding.comparison ? [{ name: nameOfTarget(data, finding), ...finding.comparison }] : [],
  );
  if (compared.length === 0) return 'No Elite Space was compared with the search space.';
  const better = compared.filter(({ advantageLowPercent }) => advantageLowPercent > 0);
  const worse = compared.filter(({ advantageHighPercent }) => advantageHighPercent < 0);
  const open = compared.filter((c) => !better.includes(c) && !worse.includes(c));
  const names = (items: typeof compared) => listOf(items.map(({ name }) => name));
  const mean = averageOf(compared.map(({ advantagePercent }) => advantagePercent));
  const verdicts = [
    better.length === compared.length
      ? `the 95% interval lies above zero${compared.length === 1 ? '' : ' for every target'}`
      : better.length > 0 && `the 95% interval lies above zero for ${names(better)}`,
    open.length > 0 && `it includes zero for ${names(open)}, where no difference is shown`,
    worse.length > 0 && `for ${names(worse)} the Elite Space is worse`,
  ].filter((verdict) => verdict !== false);
  const where = compared.length === 1 ? '' : ' averaged over the targets,';
  return `At the same cost,${where} the mean error of architectures of the Elite Space${compared.length === 1 ? '' : 's'} is ${formatNumber(
    Math.abs(mean),
    1,
  )} percentage points ${mean >= 0 ? 'lower' : 'higher'} than that of architectures of the search space: ${verdicts.join('; ')}.`;
}

/** What the reader must know is not there. */
function shortfalls(data: ReportData, findings: readonly Finding[]): Html | undefined {
  const left = Object.entries(phaseTitles).flatMap(([phase, title]) =>
    phase === 'report' || data.campaign.phases.some((asked) => asked === phase) ? [] : [title],
  );
  const unsearched = findings.filter(({ search }) => !search);
  const told = (job: JobReport) =>
    job.kind === 'search' &&
    unsearched.some(
      ({ targetMultiplyAdds, seed }) => targetMultiplyAdds === job.targetMultiplyAdds && seed === job.seed,
    );
  const failed = data.jobs.filter((job) => job.state === 'failed' && !told(job));
  const notes = [
    ...(left.length > 0 ? [`Not asked for: ${listOf(left)}.`] : []),
    ...unsearched.map(
      (finding) => `No Elite Space for ${nameOfTarget(data, finding)}: ${whyMissing(data, 'search', finding)}.`,
    ),
    ...failed.map(({ id, error }) => `Job ${id} failed${error ? `: ${error}` : ''}.`),
  ];
  return notes.length > 0 ? html`<ul class="note">${notes.map((note) => html`<li>${note}</li>`)}</ul>` : undefined;
}

function keyTable(data: ReportData, findings: readonly Finding[]): Html {
  const seeds = hasSeveralSeeds(data);
  const images = data.campaign.testImages ? ` on ${countOf(data.campaign.testImages, 'held-out image')}` : '';
  return table(
    `The Elite Space of each target, written as depths x widths of each stage; its mean cost (MF and GF: 10⁶ and 10⁹ multiply-adds) and its deviation from the target; mean error${images} of architectures drawn from it and of architectures of the search space at the same cost (matched), both measured with one stand-alone super network; the advantage (matched − Elite) in percentage points with its 95% bootstrap interval.`,
    [
      { title: 'Target', align: 'whole' },
      ...(seeds ? [{ title: 'Seed', align: 'number' as const }] : []),
      { title: 'Elite Space', align: 'space' },
      { title: 'Mean cost', align: 'number' },
      { title: 'Deviation', align: 'number' },
      { title: 'Elite error', align: 'number' },
      { title: 'Matched error', align: 'number' },
      { title: 'Advantage [95%\u00a0interval]', align: 'number' },
    ],
    findings.map((finding) => {
      const { search, comparison } = finding;
      return {
        cells: [
          formatMultiplyAdds(finding.targetMultiplyAdds),
          ...(seeds ? [String(finding.seed)] : []),
          search ? html`<code>${formatSpace(search.eliteSpace)}</code>` : whyMissing(data, 'search', finding),
          formatCost(search?.certificate.meanMultiplyAdds),
          formatDeviation(search?.certificate.deviation),
          formatPercent(comparison?.eliteMeanErrorPercent),
          formatPercent(comparison?.matchedMeanErrorPercent),
          comparison
            ? `${formatSigned(comparison.advantagePercent, 1)} [${formatNumber(comparison.advantageLowPercent, 1)}, ${formatNumber(comparison.advantageHighPercent, 1)}]`
            : MISSING,
        ],
      };
    }),
  );
}

async function advantageFigure(data: ReportData, findings: readonly Finding[]): Promise<Html | undefined> {
  const advantages = findings.flatMap((finding) => {
    const { comparison } = finding;
    return comparison && Number.isFinite(comparison.advantagePercent)
      ? [
          {
            target: nameOfTarget(data, finding),
            points: comparison.advantagePercent,
            low: comparison.advantageLowPercent,
            high: comparison.advantageHighPercent,
          },
        ]
      : [];
  });
  if (advantages.length === 0) return undefined;
  return html`<figure>
${key([
  { form: 'dot', colour: 'elite', text: 'interval excludes zero' },
  { form: 'hollow', colour: 'elite', text: 'interval includes zero: no difference shown' },
])}
${await drawFigure(advantageOfTargets(advantages), 'Advantage of each Elite Space with its 95% interval')}
<figcaption>Advantage of each Elite Space over architectures of the search space at the same cost, in percentage points of error; right of zero the Elite Space is better. Bars are 95% bootstrap intervals of the difference of means over architectures; they do not cover the chance of another search or another super network.</figcaption>
</figure>`;
}
