import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type PhaseName, phaseName, type ResolvedCampaign } from '@nss/campaign';
import { type Campaign, type EliteSpace, JobState, type PhaseStatus, type Search } from '@nss/contracts';
import { hasEnded, type JobApi, type JobApis, type Resources, watchToEnd } from '@nss/job-apis';
import type { RunningJob } from '@nss/jobs';
import { failedPrecondition, NssError } from '@nss/rpc';
import { turn } from '@nss/runtime';
import { budgetError } from './campaign-budget.ts';
import { type JobView, phaseStatuses, shareDone } from './campaign-phases.ts';
import { type PlannedJob, phasesOf, planOf } from './campaign-plan.ts';
import { resolvedCampaign } from './campaign-service.ts';
import { specOf } from './child-specs.ts';
import type { CampaignJob, ReportSource } from './report-data.ts';
import type { ReportThread } from './report-thread.ts';

export type CampaignTools = {
  readonly apis: JobApis;
  readonly reports: ReportThread;
  readonly source: Omit<ReportSource, 'now' | 'readArtifact'>;
};

/**
 * Runs a campaign: creates its jobs as soon as what they need is there, follows them to their ends, and reports. A failed job
 * takes those that need it with it and no other; the campaign fails at its end, after the report, when any job did.
 *
 * Nothing is remembered between runs but the jobs themselves: who takes a campaign over plans the same jobs, and creating one
 * that exists already gives that one.
 */
export async function runCampaign(job: RunningJob<Campaign>, tools: CampaignTools): Promise<void> {
  const resolved = resolvedCampaign(job.resource());
  const run: Run = {
    job,
    tools,
    resolved,
    phases: phasesOf(resolved),
    plan: planOf(job.id, resolved),
    found: new Map(),
    report: JobState.PENDING,
    completedBefore: job.resource().status?.progress?.completed ?? 0,
    overBudget: new AbortController(),
    halt: new AbortController(),
  };
  // Without its board the campaign cannot go on: whatever waits then ends with the same error.
  const board = keepPublished(run).catch((error) => run.halt.abort(error));
  const ends = new Map<string, Promise<Found>>();
  try {
    for (const planned of run.plan) {
      // A plan lists every job after those that it needs.
      ends.set(
        planned.id,
        runPlanned(run, planned, Promise.all(planned.needs.map((id) => ends.get(id) as Promise<Found>))),
      );
    }
    await Promise.all(ends.values());
    if (run.phases.includes('report')) await report(run);
    await stop(run, board);
    await publish(run);
  } catch (error) {
    await stop(run, board);
    const end = job.cancelled() ? JobState.CANCELLED : JobState.FAILED;
    // Otherwise somebody goes on: another worker, or another attempt.
    if (job.cancelled() || !(job.signal.aborted || NssError.from(error).retryable)) {
      // Those that are being created are there only then.
      await Promise.allSettled(ends.values());
      await stopJobs(run, job.resource().status?.resumable ? 'suspend' : 'cancel');
      await publish(run, end);
    }
    throw error;
  }
  throwFailures(run);
}

/** Ends what goes on in the background. */
async function stop({ halt }: Run, board: Promise<void>): Promise<void> {
  halt.abort();
  await board;
}

/** A job as it is now, or why it was never created. */
type Found = Resources[keyof Resources] | { readonly skipped: string };

type Run = {
  readonly job: RunningJob<Campaign>;
  readonly tools: CampaignTools;
  readonly resolved: ResolvedCampaign;
  readonly phases: readonly PhaseName[];
  readonly plan: readonly PlannedJob[];
  readonly found: Map<string, Found>;
  report: JobState;
  /** What was published last. */
  told?: {
    readonly phases: readonly Omit<PhaseStatus, 'etaSeconds'>[];
    readonly eliteSpaces: readonly EliteSpace[];
    readonly completed: number;
  };
  /** How far the campaign was when this worker took it. */
  readonly completedBefore: number;
  /** Aborted, with the error to end with, when the budget is used up. */
  readonly overBudget: AbortController;
  /** Ends everything that goes on in the background. */
  readonly halt: AbortController;
};

/** Waits for what the job needs, creates it and follows it to its end. */
async function runPlanned(run: Run, planned: PlannedJob, needs: Promise<Found[]>): Promise<Found> {
  const needed = await needs;
  const keep = (found: Found) => {
    run.found.set(planned.id, found);
    return found;
  };
  const skipped = reasonToSkip(needed) ?? (run.overBudget.signal.aborted ? 'the budget is used up' : undefined);
  if (skipped) return keep({ skipped });

  // The kind of a planned job decides the types of its spec and resource; the compiler does not follow that far.
  const api = run.tools.apis[planned.kind] as unknown as JobApi<unknown, Resources[keyof Resources]>;
  const signal = AbortSignal.any([run.job.signal, run.halt.signal]);
  const name = api.nameOf(planned.id);
  signal.throwIfAborted();
  try {
    // Not cut off: it may be carried out all the same, and nobody would know.
    keep(await api.create(planned.id, specFor(run, planned, needed), requestId(run, name)));
  } catch (thrown) {
    const error = NssError.from(thrown);
    if (signal.aborted || error.retryable) throw error;
    run.job.logger.error({ error, created: name }, 'a job of the campaign could not be created');
    return keep({ skipped: `${name} could not be created: ${error.message}` });
  }
  run.job.logger.info({ created: name }, 'job of the campaign created');
  const follow = () => watchToEnd(api, name, { onChange: keep, signal });
  // Suspended when the campaign stopped before this, and perhaps not quite at its end yet.
  if (stateOf(run.found.get(planned.id)) === JobState.CANCELLING) await follow();
  const over = run.overBudget.signal;
  if (!over.aborted && canGoOn(run.found.get(planned.id))) keep(await api.resume(name, signal));
  // Who stopped the others may have come before this one was there.
  if (over.aborted) await api.suspend(name);
  const ended = await follow();
  run.job.logger.info({ ended: name, state: ended.status?.state }, 'job of the campaign ended');
  return ended;
}

/**
 * Tells the job which campaign it belongs to, and makes creating it again harmless. The time keeps apart campaigns of one
 * name: jobs that an earlier one has left are not taken for this one's.
 */
function requestId({ job }: Run, name: string): string {
  return `${job.name}/${name}/${job.resource().status?.createTime?.getTime()}`;
}

/** Why a job cannot be created: something that it needs is not there. */
function reasonToSkip(needed: readonly Found[]): string | undefined {
  const missing = needed.filter((found) => !succeeded(found));
  if (missing.length === 0) return undefined;
  const reasons = missing.map((found) => ('skipped' in found ? found.skipped : `${found.name} did not succeed`));
  return `not started: ${reasons.join('; ')}`;
}

const succeeded = (found: Found | undefined): found is Resources[keyof Resources] =>
  found !== undefined && !('skipped' in found) && found.status?.state === JobState.SUCCEEDED;

const stateOf = (found: Found | undefined) => found && !('skipped' in found) && found.status?.state;

const canGoOn = (found: Found | undefined) =>
  found !== undefined && !('skipped' in found) && hasEnded(found.status) && found.status?.resumable === true;

function specFor({ resolved }: Run, planned: PlannedJob, needed: readonly Found[]): unknown {
  const results = needed.filter(succeeded);
  switch (planned.kind) {
    case 'warmup':
      return specOf.warmup(planned, resolved);
    case 'search':
      return specOf.search(planned, resolved, results[0] as Resources['warmup'] | undefined);
    case 'superNetwork':
      return specOf.superNetwork(planned, resolved);
    case 'evaluation': {
      const [superNetwork, search] = results as [Resources['superNetwork'], Resources['search']?];
      return specOf.evaluation(planned, resolved, superNetwork, search);
    }
    case 'nas':
      return specOf.nas(planned, resolved, results[0] as Resources['search']);
    case 'training':
      return specOf.training(planned, resolved, results[0] as Resources['nas']);
  }
}

/** Writes how far the campaign is, and looks after its budget, until halted. */
async function keepPublished(run: Run): Promise<void> {
  const { job, halt, overBudget } = run;
  const { spec, status } = job.resource();
  const startTime = status?.startTime ?? new Date();
  const known = new Set(job.resource().phases.flatMap(({ jobs }) => jobs));
  const seenBefore = run.plan.filter(({ id, kind }) => known.has(run.tools.apis[kind].nameOf(id)));
  while (!halt.signal.aborted) {
    // Hundreds of campaigns wake at once.
    await turn();
    // Who takes a campaign over sees its jobs again first: what was told of them stays until then.
    if (seenBefore.every(({ id }) => run.found.has(id))) await publish(run);
    const statuses = [...run.found.values()].map((found) => ('skipped' in found ? undefined : found.status));
    const error = budgetError(spec?.budget, startTime, statuses, new Date());
    if (error && !overBudget.signal.aborted) {
      job.logger.warn({ error }, 'the campaign stops');
      overBudget.abort(error);
      await stopJobs(run, 'suspend');
    }
    await sleep(publishEveryMs, undefined, { signal: halt.signal }).catch(() => {});
  }
}

/** `stopped` is the state of phases that have not ended and will not. */
async function publish(run: Run, stopped?: JobState): Promise<void> {
  const { job, phases, plan, found } = run;
  const views = new Map(
    [...found].map(([id, view]): [string, JobView] => [
      id,
      'skipped' in view ? view : { name: view.name, status: view.status },
    ]),
  );
  const statuses = phaseStatuses(phases, plan, views, run.report, new Date()).map((status) =>
    stopped && unfinished.has(status.state) ? { ...status, state: stopped, etaSeconds: -1 } : status,
  );
  const eliteSpaces = plan.flatMap(({ id, kind }) => {
    const search = found.get(id);
    return kind === 'search' && succeeded(search) ? eliteSpaceOf(search as Search) : [];
  });
  const completed = plan.reduce((sum, { id }) => sum + shareDone(views.get(id)), 0);
  // Campaigns that only wait would write all the time: what remains is told anew with what was done.
  const told = { phases: statuses.map(({ etaSeconds: _, ...status }) => status), eliteSpaces, completed };
  if (isDeepStrictEqual(told, run.told)) return;
  const now = statuses.find(({ state }) => state === JobState.RUNNING);
  // A campaign saves no state, its jobs do: with them it comes further, however often its own worker dies.
  if (completed > run.completedBefore) await job.advanced();
  // First, so that it goes with the update.
  job.progress({
    activity: (now && phaseName(now.phase)) ?? 'waiting for the first job',
    completed,
    total: plan.length,
    unit: 'jobs',
  });
  await job.update((campaign) => ({ ...campaign, phases: statuses, eliteSpaces }));
  run.told = told;
}

function eliteSpaceOf({ name, spec, result }: Search): EliteSpace[] {
  if (!spec || !result) return [];
  return [
    {
      targetMultiplyAdds: spec.targetMultiplyAdds,
      seed: spec.seed,
      space: result.eliteSpace,
      text: result.eliteSpaceText,
      certificate: result.certificate,
      search: name,
    },
  ];
}

/** Stops every job that may be there and run: the worker before this one may have created some that this one has not seen. */
async function stopJobs({ job, plan, found, tools }: Run, how: 'cancel' | 'suspend'): Promise<void> {
  const names = plan.flatMap(({ id, kind }) => {
    const known = found.get(id);
    const over = known && ('skipped' in known || hasEnded(known.status));
    return over ? [] : [{ api: tools.apis[kind], name: tools.apis[kind].nameOf(id) }];
  });
  await Promise.all(
    names.map(async ({ api, name }) => {
      try {
        await api[how](name);
      } catch (error) {
        if (NssError.from(error).codeName === 'NOT_FOUND') return;
        job.logger.error({ error, job: name }, 'a job of the campaign could not be stopped');
      }
    }),
  );
}

async function report(run: Run): Promise<void> {
  run.report = JobState.RUNNING;
  try {
    await writeReport(run);
    run.report = JobState.SUCCEEDED;
  } catch (error) {
    run.report = JobState.FAILED;
    throw error;
  }
}

async function writeReport({ job, plan, found, resolved, tools }: Run): Promise<void> {
  const jobs = plan.map((planned) => ({ planned, found: found.get(planned.id) }) as CampaignJob);
  const source = { ...tools.source, now: new Date() };
  const report = { campaignId: job.id, campaign: job.resource(), resolved, jobs, source };
  const artifacts: string[] = [];
  for (const [file, text] of await tools.reports.render(report)) {
    artifacts.push(await job.artifacts.put(file, text));
  }
  await job.update((campaign) => ({ ...campaign, artifacts }));
}

function throwFailures({ plan, found, overBudget }: Run): void {
  overBudget.signal.throwIfAborted();
  const failures = plan.flatMap(({ id }) => {
    const each = found.get(id);
    if (!each) return [];
    if ('skipped' in each) return [`${id}: ${each.skipped}`];
    const { name, status } = each;
    return status?.state === JobState.SUCCEEDED ? [] : [`${name}: ${status?.error?.message ?? 'cancelled'}`];
  });
  if (failures.length === 0) return;
  throw failedPrecondition(`${failures.length} of ${plan.length} jobs did not succeed: ${failures.join('; ')}`, {
    reason: 'JOBS_FAILED',
  });
}

const unfinished: ReadonlySet<JobState> = new Set([JobState.PENDING, JobState.RUNNING]);

const publishEveryMs = 1_000;
