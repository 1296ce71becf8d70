import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { colour, drawSvgFile, writeCsv } from '@nss/report';
import type { TopLevelSpec } from 'vega-lite';
import type { Context } from './context.ts';
import type { Analysis, Experiment, Table } from './experiment.ts';
import { paragraphOf } from './finding.ts';
import type { Outcomes } from './outcomes.ts';
import { pictureFont, pngOf } from './png.ts';

/** A job without a result, and why. */
export type MissingJob = { readonly job: string; readonly why: string };

/** The jobs of an experiment that left nothing. */
export function missingJobs(experiment: Experiment, context: Context, outcomes: Outcomes): MissingJob[] {
  return experiment.jobs(context).flatMap((node) => {
    const outcome = outcomes.of(node);
    return 'missing' in outcome ? [{ job: node.title, why: outcome.missing }] : [];
  });
}

/** Name of an experiment's files: its own, with the data set when that is another one than its own. */
function fileStem({ name, dataset }: Experiment, { settings }: Context): string {
  const asked = settings.dataset.name;
  return asked === dataset ? name : `${name}-${asked}`;
}

/**
 * Writes what an experiment shows into a folder: `<stem>.csv` and `.json` (everything needed to draw it again), `.svg` and `.png`, and
 * `.md` with the claims. Gives the file names.
 */
export async function writeExperiment(
  folder: string,
  experiment: Experiment,
  context: Context,
  analysis: Analysis,
  missing: readonly MissingJob[],
): Promise<string[]> {
  const stem = fileStem(experiment, context);
  const figure = titled(analysis, context, missing);
  const svg = await drawSvgFile(figure, pictureFont);
  const files: Record<string, string | Uint8Array> = {
    [`${stem}.csv`]: writeCsv(analysis.table.header, analysis.table.rows),
    [`${stem}.json`]: experimentJson(experiment, context, { ...analysis, figure }, missing),
    [`${stem}.svg`]: svg,
    [`${stem}.png`]: pngOf(svg),
    [`${stem}.md`]: experimentMarkdown(experiment, context, analysis, missing),
  };
  await mkdir(folder, { recursive: true });
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
  return Object.keys(files);
}

function experimentJson(
  experiment: Experiment,
  context: Context,
  { title, findings, notes, table, summary, figure }: Analysis,
  missing: readonly MissingJob[],
): string {
  const { settings, targets: targetsMultiplyAdds, seeds } = context;
  const content = {
    schema: 'nss.experiment/v1',
    experiment: experiment.name,
    title,
    targetsMultiplyAdds,
    seeds,
    settings,
    findings,
    notes,
    missing,
    // Names of the stored results that it is made from.
    results: experiment.jobs(context).map(({ key }) => key),
    table,
    summary,
    figure,
  };
  return `${JSON.stringify(content)}\n`;
}

function experimentMarkdown(
  experiment: Experiment,
  context: Context,
  { title, findings, notes, summary }: Analysis,
  missing: readonly MissingJob[],
): string {
  const missingLines = missing.map(({ job, why }) => `- ${job}: ${why}`);
  const paragraphs = [
    `# ${title}`,
    `${experiment.name}, ${context.title}`,
    `![${title}](${fileStem(experiment, context)}.svg)`,
    ...(summary ? [markdownTable(summary)] : []),
    ...findings.map(paragraphOf),
    ...notes,
    ...(missing.length > 0 ? [`**Missing**, and not in the numbers above:\n\n${missingLines.join('\n')}`] : []),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function markdownTable({ header, rows }: Table): string {
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A figure under its title, with what it was made with; what is missing is said in the picture too. */
function titled({ figure, title }: Analysis, context: Context, missing: readonly MissingJob[]): TopLevelSpec {
  const shown = missing.slice(0, mostMissingLines).map(({ job, why }) => `missing: ${job} (${why})`);
  const more = missing.length > shown.length ? [`and ${missing.length - shown.length} more results are missing`] : [];
  const lines = [...shown, ...more].map((line) =>
    line.length > longestLine ? `${line.slice(0, longestLine)}…` : line,
  );
  return {
    ...figure,
    title: {
      text: title,
      subtitle: [context.title, ...lines],
      subtitleColor: colour(lines.length > 0 ? 'failure' : 'muted'),
      subtitlePadding: 6,
      anchor: 'start',
      fontSize: 14,
      offset: 26,
    },
  };
}

const mostMissingLines = 5;
const longestLine = 110;
