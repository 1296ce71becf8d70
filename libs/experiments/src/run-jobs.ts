import { JobState, type JobStatus } from '@nss/contracts';
import type { JobKind, Resources, Specs } from '@nss/job-apis';
import { NssError } from '@nss/rpc';
import { type JobNode, leavesWeights, specOf } from './job-node.ts';
import type { Found, Outcome, Outcomes } from './outcomes.ts';
import type { Provenance, ResultsFolder } from './results-folder.ts';
import { type Plan, timesToEnd } from './schedule.ts';

/** What runs jobs: a mesh. */
export type JobRunner = {
  /** Sees a job through to its end, however it ends; one that the mesh has already is taken as it is. */
  run<Kind extends JobKind>(
    kind: Kind,
    id: string,
    spec: Specs[Kind],
    onChange: (resource: Resources[Kind]) => void,
    signal: AbortSignal,
  ): Promise<Resources[Kind]>;
  /** The text of a file that a job left. */
  readArtifact(name: string, signal: AbortSignal): Promise<string>;
};

export type RunEvents = {
  started?(node: JobNode): void;
  changed?(node: JobNode, status: JobStatus): void;
  ended?(node: JobNode, outcome: Outcome): void;
};

export type Run = {
  readonly plan: Plan;
  readonly folder: ResultsFolder;
  readonly runner: JobRunner;
  /** Jobs that run at the same time. */
  readonly concurrency: number;
  readonly secondsOf: (node: JobNode) => number;
  readonly provenance: Provenance;
  readonly signal: AbortSignal;
  readonly events?: RunEvents;
};

/**
 * Runs the jobs of a plan, those first that the most work waits for, and stores what they leave. A job that fails takes along only
 * those that need it; outcomes say what is missing and why. Throws what the mesh or the folder throws, and the reason of `signal`; what is
 * stored by then is not run again.
 */
export async function runJobs({ plan, outcomes, ...run }: Run & { outcomes: Outcomes }): Promise<void> {
  for (const node of plan.stored) {
    const found = await run.folder.get(node);
    if (found) outcomes.set(node, found);
  }
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const timeToEnd = timesToEnd(plan.toRun, run.secondsOf);
  const waiting = new Set(plan.toRun.toSorted((a, b) => (timeToEnd.get(b.key) ?? 0) - (timeToEnd.get(a.key) ?? 0)));
  const unsettled = new Set(plan.toRun.map(({ key }) => key));
  const running = new Set<Promise<void>>();

  const end = (node: JobNode, outcome: Outcome) => {
    outcomes.set(node, outcome);
    unsettled.delete(node.key);
    run.events?.ended?.(node, outcome);
  };
  const start = async (node: JobNode) => {
    run.events?.started?.(node);
    end(node, await runJob(node, outcomes, { ...run, signal }));
  };
  try {
    while (waiting.size > 0 || running.size > 0) {
      run.signal.throwIfAborted();
      const node = waiting.values().find(({ needs }) => needs.every(({ key }) => !unsettled.has(key)));
      if (node && running.size < run.concurrency) {
        waiting.delete(node);
        const lacking = node.needs.find((needed) => !outcomes.found(needed));
        if (lacking) {
          end(node, { missing: because(lacking, outcomes.of(lacking)) });
          continue;
        }
        // One that throws stays, so that it ends the run though another one ends first.
        const started = start(node).then(() => void running.delete(started));
        running.add(started);
        continue;
      }
      await Promise.race(running);
    }
  } finally {
    stop.abort();
    await Promise.allSettled(running);
  }
}

async function runJob<Kind extends JobKind>(
  node: JobNode<Kind>,
  outcomes: Outcomes,
  { folder, runner, provenance, signal, events }: Omit<Run, 'plan'>,
): Promise<Outcome<Kind>> {
  const spec = specOf(node, (needed) => {
    const found = outcomes.found(needed);
    if (!found) throw new Error(`${node.key} was started without ${needed.key}`);
    return found.resource;
  });
  const onChange = ({ status }: Resources[Kind]) => status && events?.changed?.(node, status);
  let resource: Resources[Kind];
  try {
    resource = await runner.run(node.kind, node.key, spec, onChange, signal);
  } catch (error) {
    if (error instanceof NssError && refusals.includes(error.codeName)) return { missing: refusalOf(error) };
    throw error;
  }
  const { status } = resource;
  if (status?.state === JobState.FAILED)
    return { missing: `it failed: ${status.error?.message ?? 'without a reason'}` };
  if (status?.state !== JobState.SUCCEEDED) return { missing: 'it was cancelled' };
  const found: Found<Kind> = {
    resource,
    artifacts: await readArtifacts(artifactsOf(node.kind, resource), runner, signal),
  };
  // Weights that the mesh had already are stored already, unless somebody else made them.
  if (!leavesWeights(node) || !(await folder.get(node))) await folder.put(node, found, provenance);
  return found;
}

/** What a mesh says to a job that it will never run: the others may still do. */
const refusals: readonly string[] = ['INVALID_ARGUMENT', 'FAILED_PRECONDITION'];

function refusalOf({ message, fieldViolations }: NssError): string {
  const faults = fieldViolations.map(({ field, description }) => `${field}: ${description}`);
  return `the mesh refused it: ${faults.length > 0 ? faults.join('; ') : message}`;
}

/** The files that are stored with a result: texts that tables and pictures are made from, not weights. */
function artifactsOf<Kind extends JobKind>(kind: Kind, resource: Resources[Kind]): (string | undefined)[] {
  const of: { readonly [K in JobKind]?: (resource: Resources[K]) => (string | undefined)[] } = {
    search: ({ result }) => [result?.trajectoryArtifact],
    evaluation: ({ result }) => [result?.architecturesArtifact],
    nas: ({ result }) => [result?.drawsArtifact],
  };
  return of[kind]?.(resource) ?? [];
}

async function readArtifacts(
  names: readonly (string | undefined)[],
  runner: JobRunner,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of names) {
    if (name) files[name.slice(name.lastIndexOf('/') + 1)] = await runner.readArtifact(name, signal);
  }
  return files;
}

function because({ title }: JobNode, outcome: Outcome): string {
  return `it needs "${title}", which is missing: ${'missing' in outcome ? outcome.missing : 'for no known reason'}`;
}
