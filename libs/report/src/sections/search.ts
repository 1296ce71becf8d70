import { formatSpace, type NetworkSpace, type Range } from '@nss/space';
import type { CertificateReport, ReportData, SearchReport } from '../data.ts';
import { drawFigure } from '../figures/draw.ts';
import { searchProgress } from '../figures/search-progress.ts';
import { thetaOverTime } from '../figures/theta-over-time.ts';
import { type Finding, findingsOf, nameOfTarget, whyMissing } from '../findings.ts';
import { countOf, formatCost, formatCount, formatDeviation, formatShare } from '../format.ts';
import { type Html, html } from '../html.ts';
import { key } from '../key.ts';
import { table } from '../table.ts';

/** The Elite Space of every target: what it is, what else was drawn, and how theta came to it. */
export async function search(data: ReportData): Promise<Html> {
  const findings = findingsOf(data);
  const parts: Html[] = [];
  for (const finding of findings) parts.push(await target(data, finding));
  return html`<section id="search">
<h2>Elite Spaces and how they were found</h2>
<p>A search moves theta, one distribution over depth bins and one over width bins in every stage, towards spaces whose architectures meet the target and make few errors. From the final theta it draws a few spaces and keeps the one whose mean cost is closest to the target: the Elite Space.</p>
${parts}
</section>
`;
}

async function target(data: ReportData, finding: Finding): Promise<Html> {
  const name = nameOfTarget(data, finding);
  const { search: result } = finding;
  if (!result) {
    return html`<h3>${name}</h3>
<p class="note">No Elite Space: ${whyMissing(data, 'search', finding)}.</p>
`;
  }
  return html`<h3>${name}</h3>
<p>Elite Space <code>${formatSpace(result.eliteSpace)}</code>. ${certificateText(result.certificate)}${
    result.taskLoss ? '' : ' Its search saw no images: only the cost moved theta.'
  }</p>
<div class="pair">
${rangesTable(result.eliteSpace)}
${drawsTable(result)}
</div>
${await thetaFigures(data, result)}
`;
}

function certificateText(certificate: CertificateReport): string {
  const quantile = (probability: number) =>
    certificate.quantiles.find((q) => Math.abs(q.probability - probability) < 1e-9)?.multiplyAdds;
  const [low, high] = [quantile(0.05), quantile(0.95)];
  const middle =
    low !== undefined && high !== undefined
      ? ` nine in ten lie between ${formatCost(low)} and ${formatCost(high)};`
      : '';
  return `It holds ${countOf(certificate.architectures, 'architecture')}, which cost ${formatCost(certificate.meanMultiplyAdds)} on average (${formatDeviation(certificate.deviation)} from the target), ${formatCost(certificate.minMultiplyAdds)} at least and ${formatCost(certificate.maxMultiplyAdds)} at most;${middle} ${formatShare(certificate.shareWithin10Percent)} cost within 10% of the target${
    certificate.exact
      ? '. These are exact counts over all of them.'
      : ` (± ${formatShare(certificate.shareError)}, 95%). These are estimates from a sample.`
  }`;
}

function rangesTable(space: NetworkSpace): Html {
  return table(
    'Ranges of the Elite Space.',
    [
      { title: 'Stage', align: 'number' },
      { title: 'Depth (blocks)', align: 'number' },
      { title: 'Width (channels)', align: 'number' },
    ],
    space.stages.map(({ depth, width }, i) => ({
      cells: [String(i + 1), rangeText(depth), rangeText(width)],
    })),
  );
}

const rangeText = ({ min, max }: Range) => (min === max ? `${min}` : `${min}–${max}`);

function drawsTable({ draws, eliteSpace }: SearchReport): Html {
  const elite = formatSpace(eliteSpace);
  const chosen = draws.findIndex(({ space }) => formatSpace(space) === elite);
  return table(
    `The ${countOf(draws.length, 'space')} drawn from the final theta, in the order drawn; the closest to the target, in bold, is the Elite Space.`,
    [
      { title: 'Draw', align: 'number' },
      { title: 'Space', align: 'space' },
      { title: 'Mean cost', align: 'number' },
      { title: 'Deviation', align: 'number' },
    ],
    draws.map(({ space, meanMultiplyAdds, deviation }, i) => ({
      class: i === chosen ? ('chosen' as const) : undefined,
      cells: [
        String(i + 1),
        html`<code>${formatSpace(space)}</code>`,
        formatCost(meanMultiplyAdds),
        formatDeviation(deviation),
      ],
    })),
  );
}

async function thetaFigures(data: ReportData, result: SearchReport): Promise<Html> {
  const { trajectory, targetMultiplyAdds, eliteSpace } = result;
  if (trajectory.length === 0) return html`<p class="note">Theta over time was not recorded.</p>`;
  const name = nameOfTarget(data, result);
  const last = trajectory[trajectory.length - 1].iteration;
  const hasLoss = trajectory.some(({ loss }) => Number.isFinite(loss));
  return html`<figure>
${key([
  html`<span>probability 0 <i class="ramp"></i> 1</span>`,
  { form: 'arrow', colour: 'ink', text: 'bin of the Elite Space' },
])}
${await drawFigure(
  thetaOverTime(data.campaign.searchSpace, trajectory, eliteSpace),
  `Probability of every depth and width bin over the iterations of the search at ${name}`,
)}
<figcaption>Theta over time at ${name}: probability of each bin (rows) over the iterations of the search (columns), to iteration ${formatCount(last)}; ${countOf(trajectory.length, 'snapshot')}. An even column is an undecided theta, a single dark row a decided one.</figcaption>
</figure>
<figure>
${await drawFigure(
  searchProgress(targetMultiplyAdds, trajectory),
  `Mean cost under theta and loss over the iterations of the search at ${name}`,
)}
<figcaption>Left: mean cost of the architectures that theta gives, in closed form, against the target (dashed). Right: loss of the theta steps (${result.taskLoss ? 'cross entropy plus ' : ''}the weighted relative distance of the cost from the target), averaged since the snapshot before${
    hasLoss ? '' : '; none was recorded'
  }.</figcaption>
</figure>
`;
}
