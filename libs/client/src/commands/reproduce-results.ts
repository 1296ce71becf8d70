import { join, relative } from 'node:path';
import {
  type Analysis,
  type Finding,
  type MissingJob,
  missingJobs,
  type Outcomes,
  paragraphOf,
  writeExperiment,
} from '@nss/experiments';
import type { Context } from '../cli/context.ts';
import { formatTable } from '../terminal/table.ts';
import type { Asked } from './reproduce-work.ts';

/** What was written about an experiment. */
export type Written = {
  readonly experiment: string;
  readonly title: string;
  readonly files: readonly string[];
  readonly findings: readonly Finding[];
  readonly summary: Analysis['summary'];
  readonly missing: readonly MissingJob[];
};

/** Writes table, data, picture and findings of an experiment into a folder. */
export async function writeResults(
  { experiment, context: frame }: Asked,
  outcomes: Outcomes,
  folder: string,
  { cwd }: Context,
): Promise<Written> {
  const missing = missingJobs(experiment, frame, outcomes);
  const analysis = experiment.analyse(frame, outcomes);
  const names = await writeExperiment(folder, experiment, frame, analysis, missing);
  const files = names.map((file) => relative(cwd, join(folder, file)));
  const { findings, summary } = analysis;
  const title = `${analysis.title} (${frame.title})`;
  return { experiment: experiment.name, title, files, findings, summary, missing };
}

export function printResults({ title, files, findings, summary, missing }: Written, { terminal }: Context): void {
  terminal.print(`\n${terminal.style('bold', title)}`);
  if (summary) {
    const columns = summary.header.map((column) => ({ title: column }));
    const rows = summary.rows.map((row) => row.map((cell) => String(cell ?? '')));
    for (const line of formatTable(columns, rows)) terminal.print(`  ${line}`);
  }
  for (const finding of findings) terminal.print(`  ${plain(paragraphOf(finding))}`);
  for (const { job, why } of missing) terminal.print(`  ${terminal.style('red', 'missing:')} ${job}: ${why}`);
  terminal.print(`  ${files.join(' ')}`);
}

/** Markdown without its marks. */
const plain = (text: string) => text.replaceAll('*', '');
