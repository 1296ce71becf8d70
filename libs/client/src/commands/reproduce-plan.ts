import { estimator, summarize } from '@nss/experiments';
import { jobKinds } from '@nss/job-apis';
import { kindTitles } from '@nss/report';
import type { Context } from '../cli/context.ts';
import { experimentSummaries } from '../cli/experiment-summaries.ts';
import { formatDuration } from '../terminal/format.ts';
import { formatTable } from '../terminal/table.ts';
import type { Work } from './reproduce-work.ts';

/** Prints what would run and how long it would take, by kind of job. */
export function printPlan(
  { asked, plan, isStored, costs }: Work,
  trainers: number,
  { json, folder }: { readonly json?: boolean; readonly folder: string },
  { terminal }: Context,
): void {
  const kinds = summarize(plan, estimator(costs), ({ key }) => isStored(key), jobKinds);
  const trainerSeconds = kinds.reduce((sum, kind) => sum + kind.trainerSeconds, 0);
  const seconds = trainerSeconds / trainers;
  if (json) {
    const experiments = asked.map(({ experiment, context: { settings, targets, seeds } }) => {
      return { experiment: experiment.name, dataset: settings.dataset.name, targetsMultiplyAdds: targets, seeds };
    });
    const jobs = plan.toRun.map(({ kind, key, title }) => ({ kind, id: key, title }));
    terminal.printJson({ experiments, kinds, jobs, trainerSeconds, trainers, seconds });
    return;
  }
  for (const { experiment, context } of asked)
    terminal.print(`${experiment.name}: ${experimentSummaries[experiment.name]} (${context.title})`);
  terminal.print();
  const rows = kinds.map(({ kind, stored, toRun, trainerSeconds: taken }) => [
    kindTitles[kind],
    String(stored),
    String(toRun),
    toRun === 0 ? '' : formatDuration(taken),
  ]);
  const lines = formatTable(
    [
      { title: 'jobs' },
      { title: 'stored', align: 'right' },
      { title: 'to run', align: 'right' },
      { title: 'trainer time', align: 'right' },
    ],
    rows,
  );
  for (const line of lines) terminal.print(line);
  const measured = new Set(costs.map(({ kind }) => kind));
  const guessed = kinds
    .filter(({ kind, toRun }) => toRun > 0 && !measured.has(kind))
    .map(({ kind }) => kindTitles[kind]);
  terminal.print(
    `\nTogether ${formatDuration(trainerSeconds)} of trainer time, about ${formatDuration(seconds)} with ${trainers} ${trainers === 1 ? 'trainer' : 'trainers'}.`,
  );
  if (guessed.length > 0) {
    terminal.print(
      `Nothing is stored yet of: ${guessed.join(', ')}. Their times are those of one core of an AMD EPYC at the small preset.`,
    );
  }
  const kept = kinds.reduce((sum, { perhapsInMesh }) => sum + perhapsInMesh, 0);
  const perhaps = kinds.reduce((sum, { perhapsSeconds }) => sum + perhapsSeconds, 0);
  if (kept > 0) {
    terminal.print(
      `That counts on the weights of ${kept} earlier ${kept === 1 ? 'job' : 'jobs'}; if the mesh has lost them they take ${formatDuration(perhaps)} more.`,
    );
  }
  terminal.print(`Results are kept in ${folder}/results.`);
}
