import { cpus, release, type as systemType, totalmem } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { estimator, Outcomes, openResults, type Provenance, type ResultsFolder, runJobs } from '@nss/experiments';
import { CommandError, type Context, Interrupted } from '../cli/context.ts';
import type { NssClient } from '../client.ts';
import { jobRunnerOf } from './job-runner.ts';
import { type MeshOptions, trainersOf, withMesh } from './mesh-connection.ts';
import { printPlan } from './reproduce-plan.ts';
import { showJobs } from './reproduce-progress.ts';
import { printResults, type Written, writeResults } from './reproduce-results.ts';
import { commandOf, experimentsAsked, type ReproduceSettings, readSetting } from './reproduce-settings.ts';
import { type Work, workOf } from './reproduce-work.ts';

export type ReproduceOptions = MeshOptions &
  ReproduceSettings & {
    readonly out: string;
    readonly plan?: boolean;
    readonly json?: boolean;
  };

/** `nss reproduce WHAT...`: runs what is not stored yet, then writes tables, pictures and findings. */
export async function reproduce(names: readonly string[], options: ReproduceOptions, context: Context): Promise<void> {
  const { terminal, cwd } = context;
  const chosen = experimentsAsked(names);
  const setting = await readSetting(options, context);
  const asked = chosen.map((experiment) => ({ experiment, context: setting.contextOf(experiment) }));
  const folder = resolve(cwd, options.out);
  const results = openResults(join(folder, 'results'));
  const work = await workOf(asked, results);
  const trainers = options.trainers ?? (await trainersOf(options, context));

  if (options.plan) {
    printPlan(work, trainers, { json: options.json, folder: shown(folder, context) }, context);
    return;
  }
  const outcomes = new Outcomes();
  const run = (client?: NssClient) => runPlan(work, outcomes, { client, results, trainers, options, names, context });
  if (work.plan.toRun.length === 0) await run();
  else {
    const datasets = new Map(
      asked.map(({ context: { settings } }) => [JSON.stringify(settings.dataset), settings.dataset]),
    );
    await withMesh(options, { datasets: [...datasets.values()] }, context, run);
  }

  const written: Written[] = [];
  for (const each of asked) written.push(await writeResults(each, outcomes, join(folder, setting.name), context));
  if (options.json) terminal.printJson({ results: shown(join(folder, 'results'), context), experiments: written });
  else for (const each of written) printResults(each, context);
  const missing = written.flatMap((each) => each.missing);
  if (missing.length > 0) {
    throw new CommandError(`${missing.length} results are missing; tables and pictures say so`, {
      hint: `Have them made again with: ${commandOf(names, options)}`,
    });
  }
}

async function runPlan(
  { plan, costs }: Work,
  outcomes: Outcomes,
  run: {
    readonly client?: NssClient;
    readonly results: ResultsFolder;
    readonly trainers: number;
    readonly options: ReproduceOptions;
    readonly names: readonly string[];
    readonly context: Context;
  },
): Promise<void> {
  const { context, results, trainers } = run;
  const show = showJobs(plan, costs, trainers, context.terminal);
  try {
    await runJobs({
      plan,
      outcomes,
      folder: results,
      runner: jobRunnerOf(run.client),
      // One more than can compute: a trainer that gets free finds the next job waiting.
      concurrency: trainers + 1,
      secondsOf: estimator(costs),
      provenance: await provenance(),
      signal: context.signal,
      events: show,
    });
  } catch (error) {
    if (!context.signal.aborted) throw error;
    const stored = (await results.keys()).length;
    throw new Interrupted(
      `${stored} results are stored in ${shown(resolve(context.cwd, run.options.out, 'results'), context)}. ` +
        `Go on with: ${commandOf(run.names, run.options)}`,
    );
  } finally {
    show.end();
  }
}

async function provenance(): Promise<Provenance> {
  const { checkoutCommit } = await import('@nss/launcher');
  const processors = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const machine = [
    `${processors.length} x ${processors[0]?.model ?? 'unknown processor'}`,
    memory,
    systemType(),
    release(),
  ];
  return { commit: checkoutCommit(), machine: machine.join(', ') };
}

const shown = (path: string, { cwd }: Context) => relative(cwd, path) || '.';
