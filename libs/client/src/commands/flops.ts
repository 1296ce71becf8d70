import { architectureCost, architectureParameters, costRange, spaceCost } from '@nss/cost';
import { formatMultiplyAdds } from '@nss/space';
import { type Context, UsageError } from '../cli/context.ts';
import { formatParameters, formatShare } from '../terminal/format.ts';
import { formatTable } from '../terminal/table.ts';
import { type CostFrame, costFrame, readArchitecture, readSpace, type SpaceOptions } from './search-space.ts';

type Row = {
  text: string;
  kind: 'architecture' | 'space';
  /** Of the architecture; the mean over a space. */
  multiplyAdds: number;
  minMultiplyAdds?: number;
  maxMultiplyAdds?: number;
  parameters?: number;
  shareOfTarget?: number;
};

/** `nss flops`: multiply-adds and parameters of architectures, mean and range of spaces. `-` reads more from stdin. */
export async function flops(
  texts: readonly string[],
  options: SpaceOptions & { json?: boolean },
  context: Context,
): Promise<void> {
  const frame = costFrame(options);
  const wanted = texts.includes('-')
    ? [...texts.filter((text) => text !== '-'), ...(await context.readStdin()).split(/\s+/).filter(Boolean)]
    : texts;
  if (wanted.length === 0) throw new UsageError('there is nothing to count: stdin named no architecture and no space');
  const rows = wanted.map((text) => toRow(text, frame, context));
  if (options.json) context.terminal.printJson(rows);
  else for (const line of formatRows(rows, frame)) context.terminal.print(line);
}

function toRow(text: string, frame: CostFrame, context: Context): Row {
  const { space, input, target } = frame;
  const isSpace = text.includes('..');
  const costs = isSpace
    ? costsOfSpace(text, frame, context)
    : costsOfArchitecture(readArchitecture(text, frame, context), space, input);
  const shareOfTarget = target && costs.multiplyAdds / target;
  return { text, kind: isSpace ? 'space' : 'architecture', ...costs, ...(shareOfTarget && { shareOfTarget }) };
}

function costsOfArchitecture(
  architecture: Parameters<typeof architectureCost>[2],
  space: CostFrame['space'],
  input: CostFrame['input'],
) {
  return {
    multiplyAdds: architectureCost(space, input, architecture),
    parameters: architectureParameters(space, input, architecture),
  };
}

function costsOfSpace(text: string, frame: CostFrame, context: Context) {
  const networkSpace = readSpace(text, frame, context);
  const { min, max } = costRange(frame.space, frame.input, networkSpace);
  return {
    multiplyAdds: spaceCost(frame.space, frame.input, networkSpace),
    minMultiplyAdds: min,
    maxMultiplyAdds: max,
  };
}

/** One table; the columns that no row fills are left out. */
function formatRows(rows: readonly Row[], { target }: CostFrame): string[] {
  const cost = (value: number | undefined) => (value === undefined ? '' : formatMultiplyAdds(value));
  const columns = [
    { title: 'network', cell: (row: Row) => row.text },
    { title: 'multiply-adds', cell: (row: Row) => `${row.kind === 'space' ? 'mean ' : ''}${cost(row.multiplyAdds)}` },
    { title: 'from', cell: (row: Row) => cost(row.minMultiplyAdds) },
    { title: 'to', cell: (row: Row) => cost(row.maxMultiplyAdds) },
    {
      title: 'parameters',
      cell: ({ parameters }: Row) => (parameters === undefined ? '' : formatParameters(parameters)),
    },
    {
      title: `of ${target ? formatMultiplyAdds(target) : ''}`,
      cell: ({ shareOfTarget }: Row) => (shareOfTarget === undefined ? '' : formatShare(shareOfTarget)),
    },
  ].filter(({ cell }) => rows.some((row) => cell(row)));
  return formatTable(
    columns.map(({ title }, i) => ({ title, align: i === 0 ? 'left' : 'right' })),
    rows.map((row) => columns.map(({ cell }) => cell(row))),
  );
}
