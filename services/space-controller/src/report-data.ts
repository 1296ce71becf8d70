import { datasetFacts, datasetTitle, inputShapeOf, matchedLabel, type ResolvedCampaign } from '@nss/campaign';
import { type Campaign, type Certificate, JobState, type JobStatus, readArchitectures } from '@nss/contracts';
import type { Resources } from '@nss/job-apis';
import {
  type ArchitectureRow,
  type CertificateReport,
  type EvaluationReport,
  evaluationReport,
  type JobReport,
  type JsonObject,
  type MeasuredSpace,
  type NasReport,
  type ReportData,
  type SearchReport,
  type TrainingReport,
} from '@nss/report';
import { dataLoss } from '@nss/rpc';
import type { NetworkSpace } from '@nss/space';
import { type PlannedJob, phasesOf, spaceLabel } from './campaign-plan.ts';
import type { TrajectoryFile } from './trajectory-file.ts';

/** A planned job and what became of it. */
export type CampaignJob = {
  readonly [Kind in PlannedJob['kind']]: {
    readonly planned: Extract<PlannedJob, { kind: Kind }>;
    /** The job, or why it was never created. */
    readonly found: Resources[Kind] | { readonly skipped: string };
  };
}[PlannedJob['kind']];

/** Everything that a campaign's report is made from. */
export function reportDataOf(
  campaignId: string,
  campaign: Campaign,
  resolved: ResolvedCampaign,
  jobs: readonly CampaignJob[],
  { readArtifact, version, commit, now }: ReportSource,
): ReportData {
  const { settings, targets, seeds } = resolved;
  const startTime = campaign.status?.startTime ?? now;
  const data = {
    campaign: {
      id: campaignId,
      dataset: datasetTitle(settings.dataset),
      preset: campaign.spec?.preset ?? '',
      targetsMultiplyAdds: targets,
      seeds,
      phases: phasesOf(resolved),
      searchSpace: settings.searchSpace,
      input: inputShapeOf(settings.dataset),
      testImages: settings.dataset.testImages || datasetFacts(settings.dataset).testImages,
      // As a message's JSON is: without what is not there.
      settings: JSON.parse(JSON.stringify(settings)) as JsonObject,
      overrides: campaign.spec?.overrides as JsonObject | undefined,
      startTime,
      endTime: now,
      version,
      commit,
    },
    searches: [] as SearchReport[],
    evaluations: evaluationReports(jobs, seeds, readArtifact),
    nasRuns: [] as NasReport[],
    trainings: [] as TrainingReport[],
    jobs: jobs.map((job) => jobReport(job, startTime)),
  };
  for (const job of jobs.filter(hasSucceeded)) {
    if (isKind(job, 'search')) data.searches.push(searchReport(job, readArtifact));
    if (isKind(job, 'nas')) data.nasRuns.push(nasReport(job));
    if (isKind(job, 'training')) addTraining(data.trainings, job, jobs);
  }
  return data;
}

type ReadArtifact = (name: string) => Uint8Array | undefined;

export type ReportSource = {
  /** Files that jobs have left, by name. */
  readonly readArtifact: ReadArtifact;
  readonly version: string;
  readonly commit?: string;
  readonly now: Date;
};

type Kind = PlannedJob['kind'];
type Created<K extends Kind> = { planned: Extract<PlannedJob, { kind: K }>; found: Resources[K] };

function isKind<K extends Kind>(job: CampaignJob, kind: K): job is CampaignJob & Created<K> {
  return job.planned.kind === kind && !('skipped' in job.found);
}

const hasSucceeded = ({ found }: CampaignJob) => !('skipped' in found) && found.status?.state === JobState.SUCCEEDED;

function searchReport({ planned, found }: Created<'search'>, readArtifact: ReadArtifact): SearchReport {
  const result = present(found.result, found.name);
  const file = JSON.parse(readText(readArtifact, result.trajectoryArtifact)) as TrajectoryFile;
  return {
    targetMultiplyAdds: planned.target,
    seed: planned.seed,
    eliteSpace: toSpace(result.eliteSpace, found.name),
    certificate: certificateReport(present(result.certificate, found.name)),
    draws: result.draws.map(({ space, meanMultiplyAdds, deviation }) => ({
      space: toSpace(space, found.name),
      meanMultiplyAdds,
      deviation,
    })),
    trajectory: file.snapshots,
    taskLoss: found.spec?.settings?.theta?.taskLoss ?? true,
  };
}

const certificateReport = ({ targetMultiplyAdds: _, ...certificate }: Certificate): CertificateReport => certificate;

/** Everything that was measured with the campaign's stand-alone super network, put together. */
function evaluationReports(
  jobs: readonly CampaignJob[],
  seeds: readonly number[],
  readArtifact: ReadArtifact,
): EvaluationReport[] {
  const superNetwork = jobs.find(({ planned }) => planned.kind === 'superNetwork')?.planned;
  const spaces: MeasuredSpace[] = [];
  const architectures: ArchitectureRow[] = [];
  for (const job of jobs.filter(hasSucceeded)) {
    if (!isKind(job, 'evaluation')) continue;
    const { target, seed } = job.planned;
    const { comparisons, architecturesArtifact } = present(job.found.result, job.found.name);
    const rows = readArchitectures(readText(readArtifact, architecturesArtifact));
    if (target === undefined) {
      architectures.push(
        ...rows.map(({ population: _, ...row }) => ({ label: '', source: 'search-space' as const, ...row })),
      );
      continue;
    }
    const label = spaceLabel(target, seed, seeds);
    architectures.push(
      ...rows.map(({ population, ...row }) => {
        const source = population === matchedLabel(label) ? ('matched' as const) : ('elite' as const);
        return { label, source, ...row };
      }),
    );
    const advantage = comparisons.find((comparison) => comparison.label === label);
    spaces.push({ label, targetMultiplyAdds: target, seed, advantage });
  }
  if (!superNetwork || architectures.length === 0) return [];
  return [evaluationReport({ id: superNetwork.id, seed: superNetwork.seed, spaces, architectures })];
}

function nasReport({ planned, found }: Created<'nas'>): NasReport {
  const { architectureText, multiplyAdds, deviation, draws, hitRate } = present(found.result, found.name);
  const { target, seed, source } = planned;
  const architecture = architectureText;
  return { targetMultiplyAdds: target, seed, source, architecture, multiplyAdds, deviation, draws, hitRate };
}

/** Adds a training to the repeats of the same architecture search. */
function addTraining(reports: TrainingReport[], job: Created<'training'>, jobs: readonly CampaignJob[]): void {
  const { target, seed, source } = job.planned;
  const error = present(job.found.result, job.found.name).testErrorPercent;
  const i = reports.findIndex(
    (each) => each.targetMultiplyAdds === target && each.seed === seed && each.source === source,
  );
  if (i >= 0) {
    reports[i] = { ...reports[i], testErrorsPercent: [...reports[i].testErrorsPercent, error] };
    return;
  }
  const nasRun = jobs.find(
    ({ planned }) =>
      planned.kind === 'nas' && planned.target === target && planned.seed === seed && planned.source === source,
  );
  const architecture = (nasRun && isKind(nasRun, 'nas') && nasRun.found.result?.architectureText) || '';
  reports.push({ targetMultiplyAdds: target, seed, source, architecture, testErrorsPercent: [error] });
}

function jobReport({ planned, found }: CampaignJob, startTime: Date): JobReport {
  const about = {
    kind: planned.kind,
    id: planned.id,
    targetMultiplyAdds: 'target' in planned ? planned.target : undefined,
    // The super network serves all seeds.
    seed: planned.kind === 'superNetwork' ? undefined : planned.seed,
    source: 'source' in planned ? planned.source : undefined,
  };
  if ('skipped' in found) return { ...about, state: 'cancelled', error: found.skipped, trainerUses: [] };
  const { status } = found;
  const seconds = (time: Date | undefined) => time && (time.getTime() - startTime.getTime()) / 1000;
  return {
    ...about,
    state: stateName(status),
    startSeconds: seconds(status?.startTime),
    endSeconds: seconds(status?.endTime),
    error: status?.error?.message,
    trainerUses: (status?.trainerUses ?? []).map(({ trainer, engine, startTime: start, endTime: end }) => ({
      trainer,
      engine,
      startSeconds: seconds(start) ?? 0,
      endSeconds: seconds(end),
    })),
  };
}

function stateName(status: JobStatus | undefined): JobReport['state'] {
  switch (status?.state) {
    case JobState.RUNNING:
      return 'running';
    case JobState.CANCELLING:
      return 'cancelling';
    case JobState.SUCCEEDED:
      return 'succeeded';
    case JobState.FAILED:
      return 'failed';
    case JobState.CANCELLED:
      return 'cancelled';
    default:
      return 'pending';
  }
}

function readText(readArtifact: ReadArtifact, name: string): string {
  const content = readArtifact(name);
  if (!content) throw dataLoss(`${name} is not in the store of artifacts`, { reason: 'ARTIFACT_MISSING' });
  return new TextDecoder().decode(content);
}

/** Messages leave everything optional; a job that has succeeded has its result. */
function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`${name} has succeeded but its result is incomplete`);
  return value;
}

function toSpace(
  message:
    | { stages: { depth?: NetworkSpace['stages'][0]['depth']; width?: NetworkSpace['stages'][0]['width'] }[] }
    | undefined,
  name: string,
): NetworkSpace {
  return {
    stages: present(message, name).stages.map(({ depth, width }) => ({
      depth: present(depth, name),
      width: present(width, name),
    })),
  };
}
