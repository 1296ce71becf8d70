import { formatMultiplyAdds } from '@nss/space';
import {
  type ComparisonReport,
  type JobKind,
  type JobReport,
  type NasReport,
  type NasSource,
  nasSources,
  type PhaseName,
  type ReportData,
  type SearchReport,
} from './data.ts';

/** What the campaign found for one target and seed. */
export type Finding = {
  readonly targetMultiplyAdds: number;
  readonly seed: number;
  readonly search?: SearchReport;
  readonly comparison?: ComparisonReport;
};

/** What NAS found in one space for one target and seed, and how it did when trained from scratch. */
export type NasOutcome = {
  readonly targetMultiplyAdds: number;
  readonly seed: number;
  readonly source: NasSource;
  readonly nas?: NasReport;
  /** One a finished repeat; empty when nothing was trained. */
  readonly testErrorsPercent: readonly number[];
};

/** One a target and seed that was asked for or that has a result, smallest target first. */
export function findingsOf(data: ReportData): Finding[] {
  const comparisons = data.evaluations.flatMap((evaluation) => evaluation.spaces);
  return targetsAndSeeds(data).map((key) => ({
    ...key,
    search: data.searches.find(sameTarget(key)),
    comparison: comparisons.find((space) => space.comparison && sameTarget(key)(space))?.comparison,
  }));
}

/** Two a target and seed: NAS on the Elite Space, then on the search space. */
export function nasOutcomesOf(data: ReportData): NasOutcome[] {
  return targetsAndSeeds(data).flatMap((key) =>
    nasSources.map((source) => {
      const matches = (item: NasReport | ReportData['trainings'][number]) =>
        sameTarget(key)(item) && item.source === source;
      return {
        ...key,
        source,
        nas: data.nasRuns.find(matches),
        testErrorsPercent: data.trainings.filter(matches).flatMap((training) => training.testErrorsPercent),
      };
    }),
  );
}

/** Whether a target and seed need to be told apart by their seed. */
export const hasSeveralSeeds = (data: ReportData) => new Set(targetsAndSeeds(data).map(({ seed }) => seed)).size > 1;

/** `8 MF`, or `8 MF, seed 1` where a campaign has several seeds. */
export function nameOfTarget(data: ReportData, { targetMultiplyAdds, seed }: TargetAndSeed): string {
  const target = formatMultiplyAdds(targetMultiplyAdds);
  return hasSeveralSeeds(data) ? `${target}, seed ${seed}` : target;
}

/**
 * Why there is no result of this kind for a target, as the end of a sentence: "the search failed: no images". Blames the target's own
 * job first if it ever started, then what had to come before, then a job that waited or is shared with other targets.
 */
export function whyMissing(data: ReportData, kind: ResultKind, key: TargetAndSeed, source?: NasSource): string {
  const phase = phaseOfKind(kind);
  if (!data.campaign.phases.includes(phase)) return `the ${phaseTitles[phase]} phase was not asked for`;
  const jobsOf = (wanted: ResultKind) =>
    data.jobs.filter(
      (job) =>
        job.kind === wanted &&
        [key.targetMultiplyAdds, undefined].includes(job.targetMultiplyAdds) &&
        [key.seed, undefined].includes(job.seed) &&
        (source === undefined || [source, undefined].includes(job.source)),
    );
  const jobs = jobsOf(kind);
  const culprit = jobs.find((job) => job.state !== 'succeeded') ?? jobs[0];
  if (culprit && culprit.targetMultiplyAdds !== undefined && wasAtWork(culprit)) return blame(culprit, kind);
  const cause = needs[kind].find(
    (each) =>
      data.campaign.phases.includes(phaseOfKind(each)) &&
      !hasResult(data, each, key, source) &&
      // Without a job of its own it was not needed, or all is missing alike.
      (!culprit || jobsOf(each).length > 0),
  );
  if (cause) return whyMissing(data, cause, key, source);
  return culprit ? blame(culprit, kind) : `${jobTitles[kind]} was not started`;
}

/** What a target can lack. */
type ResultKind = Exclude<JobKind, 'campaign'>;

type TargetAndSeed = { readonly targetMultiplyAdds: number; readonly seed: number };

export const phaseTitles: Record<PhaseName, string> = {
  warmup: 'warmup',
  search: 'search',
  evaluation: 'evaluation',
  nas: 'NAS',
  training: 'final training',
  report: 'report',
};

const phaseOfKind = (kind: ResultKind): PhaseName => (kind === 'superNetwork' ? 'evaluation' : kind);

const jobTitles: Record<ResultKind, string> = {
  warmup: 'the warmup',
  search: 'the search',
  superNetwork: 'the training of the super network',
  evaluation: 'the evaluation',
  nas: 'the NAS run',
  training: 'the training',
};

/** What must have a result before a job can start for a target. */
const needs: Record<ResultKind, readonly ResultKind[]> = {
  warmup: [],
  search: ['warmup'],
  superNetwork: [],
  evaluation: ['search', 'superNetwork'],
  nas: ['search'],
  training: ['nas'],
};

/** Whether the job did not succeed although it was not just left out for the lack of something else. */
const wasAtWork = ({ state, startSeconds }: JobReport) =>
  state !== 'succeeded' && !(state === 'cancelled' && startSeconds === undefined);

function hasResult(data: ReportData, kind: ResultKind, key: TargetAndSeed, source?: NasSource): boolean {
  if (kind === 'search') return data.searches.some(sameTarget(key));
  if (kind === 'nas') {
    return data.nasRuns.some((nas) => sameTarget(key)(nas) && (source === undefined || nas.source === source));
  }
  return data.jobs.some((job) => job.kind === kind && job.state === 'succeeded');
}

function blame({ state, error }: JobReport, kind: ResultKind): string {
  const why = error ? `: ${error}` : '';
  switch (state) {
    case 'failed':
      return `${jobTitles[kind]} failed${why}`;
    case 'cancelled':
    case 'cancelling':
      return `${jobTitles[kind]} was cancelled${why}`;
    case 'succeeded':
      return `${jobTitles[kind]} left no result`;
    default:
      return `${jobTitles[kind]} had not ended when the report was made`;
  }
}

const sameTarget = (a: TargetAndSeed) => (b: TargetAndSeed) =>
  a.targetMultiplyAdds === b.targetMultiplyAdds && a.seed === b.seed;

function targetsAndSeeds(data: ReportData): TargetAndSeed[] {
  const asked = data.campaign.targetsMultiplyAdds.flatMap((targetMultiplyAdds) =>
    data.campaign.seeds.map((seed) => ({ targetMultiplyAdds, seed })),
  );
  const found = [
    ...data.searches,
    ...data.evaluations.flatMap(({ spaces }) => spaces),
    ...data.nasRuns,
    ...data.trainings,
  ];
  const distinct = new Map<string, TargetAndSeed>();
  for (const { targetMultiplyAdds, seed } of [...asked, ...found]) {
    distinct.set(`${targetMultiplyAdds}/${seed}`, { targetMultiplyAdds, seed });
  }
  return [...distinct.values()].sort((a, b) => a.targetMultiplyAdds - b.targetMultiplyAdds || a.seed - b.seed);
}
