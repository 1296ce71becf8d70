import { formatMultiplyAdds } from '@nss/space';
import type { JobReport, ReportData } from '../data.ts';
import { drawFigure } from '../figures/draw.ts';
import { kindColours, type TrainerSpan, timeline } from '../figures/timeline.ts';
import { countOf, formatDuration, formatShare, kindTitles } from '../format.ts';
import { type Html, html } from '../html.ts';
import { key } from '../key.ts';
import { table } from '../table.ts';

/** What ran where, and for how long. */
export async function runs(data: ReportData): Promise<Html> {
  return html`<section id="runs">
<h2>What ran where, and for how long</h2>
${data.jobs.length === 0 ? html`<p class="note">No job was recorded.</p>` : await content(data)}
</section>
`;
}

async function content(data: ReportData): Promise<Html> {
  const total = totalSeconds(data);
  const spans = spansOf(data, total);
  const busy = spans.reduce((sum, { startSeconds, endSeconds }) => sum + endSeconds - startSeconds, 0);
  const trainers = new Set(spans.map(({ trainer }) => trainer)).size;
  const failed = data.jobs.filter(({ state }) => state === 'failed').length;
  return html`<p>${countOf(data.jobs.length, 'job')}${failed > 0 ? `, of which ${failed} failed,` : ''} took ${formatDuration(total)} on ${countOf(trainers, 'trainer')}; the trainers worked for ${formatDuration(busy)} together${
    trainers > 0 && total > 0 ? `, ${formatShare(busy / (trainers * total), 0)} of the time they could have` : ''
  }.</p>
${spans.length > 0 ? await timelineFigure(spans, total) : html`<p class="note">No trainer was used.</p>`}
${jobsTable(data)}`;
}

/** To the end of the campaign, or of the last job where that has not ended: its own report runs before it does. */
function totalSeconds({ campaign, jobs }: ReportData): number {
  if (campaign.endTime) return (campaign.endTime.getTime() - campaign.startTime.getTime()) / 1000;
  return jobs
    .flatMap((job) => [job, ...job.trainerUses])
    .reduce((latest, { startSeconds = 0, endSeconds = 0 }) => Math.max(latest, startSeconds, endSeconds), 0);
}

function spansOf({ jobs }: ReportData, total: number): TrainerSpan[] {
  return jobs
    .flatMap((job) =>
      job.trainerUses.map((use) => ({
        trainer: use.trainer,
        kind: job.kind,
        label: shortName(job),
        startSeconds: use.startSeconds,
        endSeconds: use.endSeconds ?? total,
        failed: job.state === 'failed' && use === job.trainerUses.at(-1),
      })),
    )
    .sort((a, b) => a.trainer.localeCompare(b.trainer, 'en', { numeric: true }) || a.startSeconds - b.startSeconds);
}

const shortName = ({ kind, targetMultiplyAdds }: JobReport) =>
  targetMultiplyAdds === undefined ? kindTitles[kind] : formatMultiplyAdds(targetMultiplyAdds);

async function timelineFigure(spans: readonly TrainerSpan[], total: number): Promise<Html> {
  const kinds = (Object.keys(kindColours) as (keyof typeof kindColours)[]).filter((kind) =>
    spans.some((span) => span.kind === kind),
  );
  const failures = spans.some(({ failed }) => failed);
  return html`<figure>
${key([
  ...kinds.map((kind) => ({ form: 'box' as const, colour: kindColours[kind], text: kindTitles[kind] })),
  ...(failures ? [{ form: 'box' as const, colour: 'failure' as const, text: 'failed here' }] : []),
])}
${await drawFigure(timeline(spans, total), 'What every trainer did when')}
<figcaption>What every trainer did when: a row a trainer, a bar a lease (n = ${spans.length}), with the target where there is room. Gaps are time without work for the trainer.</figcaption>
</figure>`;
}

function jobsTable({ jobs }: ReportData): Html {
  const byStart = [...jobs].sort(
    (a, b) => (a.startSeconds ?? Number.POSITIVE_INFINITY) - (b.startSeconds ?? Number.POSITIVE_INFINITY) || 0,
  );
  const rows = table(
    'Every job: when it started, counted from the start of the campaign, how long it took (waiting for a trainer included), and where it computed.',
    [
      { title: 'Job' },
      { title: 'Kind', align: 'whole' },
      { title: 'Trainer and engine' },
      { title: 'Start', align: 'number' },
      { title: 'Duration', align: 'number' },
      { title: 'State' },
    ],
    byStart.map((job) => ({
      cells: [
        html`<code>${job.id}</code>`,
        kindTitles[job.kind],
        [...new Set(job.trainerUses.map(({ trainer, engine }) => `${trainer} (${engine})`))].join(', then '),
        formatDuration(job.startSeconds),
        job.startSeconds === undefined || job.endSeconds === undefined
          ? '–'
          : formatDuration(job.endSeconds - job.startSeconds),
        html`<span class="${job.state === 'failed' ? 'failed' : ''}">${job.state}${job.error ? `: ${job.error}` : ''}</span>`,
      ],
    })),
  );
  return jobs.length <= 12 ? rows : html`<details><summary>All ${jobs.length} jobs</summary>${rows}</details>`;
}
