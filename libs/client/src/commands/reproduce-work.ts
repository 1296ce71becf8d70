import {
  type Experiment,
  type Context as ExperimentContext,
  type Plan,
  planJobs,
  type ResultsFolder,
} from '@nss/experiments';

/** An experiment with everything that its jobs depend on. */
export type Asked = { readonly experiment: Experiment; readonly context: ExperimentContext };

/** The jobs of all experiments together, and what they will take. */
export type Work = {
  readonly asked: readonly Asked[];
  readonly plan: Plan;
  readonly isStored: (key: string) => boolean;
  readonly costs: Awaited<ReturnType<ResultsFolder['costs']>>;
};

/** Which of the experiments' jobs are stored, and which are to run. */
export async function workOf(asked: readonly Asked[], results: ResultsFolder): Promise<Work> {
  const wanted = asked.flatMap(({ experiment, context }) => experiment.jobs(context));
  const stored = new Set(await results.keys());
  const isStored = (key: string) => stored.has(key);
  return { asked, plan: planJobs(wanted, ({ key }) => isStored(key)), isStored, costs: await results.costs() };
}
