import { phaseName } from '@nss/campaign';
import { type Campaign, JobState, type PhaseStatus } from '@nss/contracts';
import { formatMultiplyAdds } from '@nss/space';
import { formatDeviation, formatDuration, formatRate, formatShare } from '../terminal/format.ts';
import { bar } from '../terminal/progress.ts';
import { formatFields, formatTable } from '../terminal/table.ts';
import type { Style } from '../terminal/terminal.ts';

/** How texts are coloured. */
export type Paint = (style: Style, text: string) => string;

/** What the running jobs of a phase do together. */
export type PhaseRate = { readonly perSecond: number; readonly unit: string };

/** How a campaign's data set is called: its name, or the folder of images. */
export const datasetNameOf = ({ dataset, folder }: NonNullable<Campaign['spec']>): string => folder?.path ?? dataset;

/** `quickstart` of `campaigns/quickstart`. */
export const idOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** `running` of `JOB_STATE_RUNNING`. */
export const stateWord = (state: JobState | undefined): string =>
  (state ?? JobState.UNSPECIFIED).replace('JOB_STATE_', '').toLowerCase();

export const phaseWord = ({ phase }: PhaseStatus): string =>
  phaseName(phase) ?? phase.replace('PHASE_', '').toLowerCase();

const stateStyles: Partial<Record<JobState, Style>> = {
  [JobState.RUNNING]: 'cyan',
  [JobState.CANCELLING]: 'yellow',
  [JobState.SUCCEEDED]: 'green',
  [JobState.FAILED]: 'red',
  [JobState.CANCELLED]: 'yellow',
};

/** The state in its colour. */
export function paintState(state: JobState | undefined, paint: Paint, text = stateWord(state)): string {
  const style = state && stateStyles[state];
  return style ? paint(style, text) : text;
}

const marks: Partial<Record<JobState, string>> = {
  [JobState.RUNNING]: '▸',
  [JobState.CANCELLING]: '▸',
  [JobState.SUCCEEDED]: '✓',
  [JobState.FAILED]: '✗',
  [JobState.CANCELLED]: '–',
};

/** One line a phase for a terminal: mark, name, bar, jobs, rate, ETA. */
export function phaseLines(
  phases: readonly PhaseStatus[],
  rates: ReadonlyMap<string, PhaseRate>,
  paint: Paint,
): string[] {
  const width = Math.max(0, ...phases.map((phase) => phaseWord(phase).length));
  return phases.map((phase) => {
    const mark = paintState(phase.state, paint, marks[phase.state] ?? '·');
    const name = phaseWord(phase).padEnd(width);
    if (phase.state === JobState.PENDING || phase.state === JobState.UNSPECIFIED) {
      return paint('dim', `· ${name}  waiting`);
    }
    const rate = rates.get(phase.phase);
    const running = phase.state === JobState.RUNNING || phase.state === JobState.CANCELLING;
    const parts = [
      `${mark} ${name}`,
      paintState(phase.state, paint, bar(phase.completed)),
      `${Math.floor(phase.completed * 100)} %`.padStart(5),
      jobCount(phase),
      running && rate ? formatRate(rate.perSecond, rate.unit) : '',
      running ? etaOf(phase) : '',
      running || phase.state === JobState.SUCCEEDED ? '' : stateWord(phase.state),
    ];
    return parts.filter(Boolean).join('  ');
  });
}

/** `1/2 jobs`, `1 job done` where those that are to come wait for other phases, nothing where there are none. */
function jobCount({ jobs, jobsSucceeded, state }: PhaseStatus): string {
  if (jobs.length === 0) return '';
  const word = jobs.length === 1 ? 'job' : 'jobs';
  const more = state === JobState.RUNNING && jobsSucceeded === jobs.length;
  return more ? `${jobsSucceeded} ${word} done` : `${jobsSucceeded}/${jobs.length} ${word}`;
}

const etaOf = ({ etaSeconds, completed }: PhaseStatus) =>
  etaSeconds >= 0 && completed > 0 ? `ETA ${formatDuration(etaSeconds)}` : '';

/** A phase in one plain line, for logs: `search: 30 %, 0/2 jobs, ETA 1:20`. */
export function plainPhaseLine(phase: PhaseStatus): string {
  const running = phase.state === JobState.RUNNING;
  const state = running ? `${Math.floor(phase.completed * 100)} %` : stateWord(phase.state);
  return `${phaseWord(phase)}: ${[state, jobCount(phase), running ? etaOf(phase) : ''].filter(Boolean).join(', ')}`;
}

/** `fashion-mnist, preset quickstart, 2 targets, seed 0`. */
export function describeSpec({ spec }: Campaign): string {
  if (!spec) return '';
  const targets = spec.targetsMultiplyAdds.length;
  const seeds = spec.seeds.length > 0 ? spec.seeds : [0];
  return [
    datasetNameOf(spec),
    `preset ${spec.preset}`,
    `${targets} ${targets === 1 ? 'target' : 'targets'}`,
    `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`,
  ].join(', ');
}

/** How long a job has run, in seconds, or undefined before it started. */
export function durationOf({ status }: Campaign, now: Date): number | undefined {
  if (!status?.startTime) return undefined;
  return ((status.endTime ?? now).getTime() - status.startTime.getTime()) / 1000;
}

/** The Elite Spaces found so far, as a table; no lines when there are none. */
export function eliteSpaceTable({ eliteSpaces }: Campaign): string[] {
  if (eliteSpaces.length === 0) return [];
  return formatTable(
    [
      { title: 'target', align: 'right' },
      { title: 'seed', align: 'right' },
      { title: 'elite space' },
      { title: 'mean cost', align: 'right' },
      { title: 'from target', align: 'right' },
      { title: 'within 10 %', align: 'right' },
    ],
    eliteSpaces.map(({ targetMultiplyAdds, seed, text, certificate }) => [
      formatMultiplyAdds(targetMultiplyAdds),
      String(seed),
      text,
      certificate ? formatMultiplyAdds(certificate.meanMultiplyAdds) : '',
      certificate ? formatDeviation(certificate.deviation) : '',
      certificate ? formatShare(certificate.shareWithin10Percent) : '',
    ]),
  );
}

/** What to change where Elite Spaces cost over 10 % more than their targets; no lines when none does. */
export function tooDearLines({ eliteSpaces }: Campaign): string[] {
  const tooDear = eliteSpaces.filter(({ certificate }) => certificate && certificate.deviation > 0.1);
  if (tooDear.length === 0) return [];
  const names = tooDear.map(
    ({ targetMultiplyAdds, seed }) => `${formatMultiplyAdds(targetMultiplyAdds)}, seed ${seed}`,
  );
  return [
    `Over 10 % above the target: ${names.join('; ')}. The cost counts for more with a larger lambda and finalLambda`,
    'in `overrides: { search: { theta: ... } }` of the campaign file.',
  ];
}

/** A campaign as `nss campaign get` shows it. */
export function campaignSummary(campaign: Campaign, paint: Paint, now: Date): string[] {
  const { status } = campaign;
  const seconds = durationOf(campaign, now);
  const fields = formatFields([
    ['Campaign', paint('bold', idOf(campaign.name))],
    ['State', paintState(status?.state, paint)],
    ['Runs', describeSpec(campaign)],
    ['Created', status?.createTime && localTime(status.createTime)],
    ['Took', seconds === undefined ? undefined : `${formatDuration(seconds)}${status?.endTime ? '' : ' so far'}`],
    ['Failed', status?.error && `${status.error.reason}: ${status.error.message}`],
  ]);
  const phases = formatTable(
    [
      { title: 'phase' },
      { title: 'state' },
      { title: 'jobs', align: 'right' },
      { title: 'done', align: 'right' },
      { title: 'eta', align: 'right' },
    ],
    campaign.phases.map((phase) => [
      phaseWord(phase),
      paintState(phase.state, paint),
      `${phase.jobsSucceeded}/${phase.jobs.length}`,
      `${Math.floor(phase.completed * 100)} %`,
      phase.state === JobState.RUNNING && phase.etaSeconds >= 0 ? formatDuration(phase.etaSeconds) : '',
    ]),
  );
  const elite = eliteSpaceTable(campaign);
  return [
    ...fields,
    ...(campaign.phases.length > 0 ? ['', ...phases] : []),
    ...(elite.length > 0 ? ['', ...elite] : []),
  ];
}

/** `2026-03-01 17:05:09`, in the time zone of this machine. */
const localTime = (time: Date) => time.toLocaleString('sv-SE');
