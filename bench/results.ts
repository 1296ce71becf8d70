import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Row } from './part.ts';

/** The file of results: each row says of which commit and day it is, because parts can be measured one by one. */
export type Results = {
  readonly machine: string;
  readonly commit: string;
  readonly date: string;
  readonly rows: readonly (Row & { readonly commit: string; readonly date: string })[];
};

/** Writes rows into the file; rows of parts that were not measured now stay as they are, if they are of the same machine. */
export async function writeResults(
  file: string,
  { machine, commit, date, rows }: Omit<Results, 'rows'> & { rows: readonly Row[] },
): Promise<void> {
  const before: Results | undefined = existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : undefined;
  const measured = new Set(rows.map(({ id }) => partOf(id)));
  const kept = before?.machine === machine ? before.rows.filter(({ id }) => !measured.has(partOf(id))) : [];
  const all = [...kept, ...rows.map((row) => ({ ...row, commit, date }))];
  const results: Results = { machine, commit, date, rows: all.toSorted((a, b) => order.compare(a.id, b.id)) };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
}

/** A Markdown table of rows. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ id, what, value, unit, goal, met }) => [
    id,
    what,
    `${value} ${unit}`,
    goal ?? '',
    met === null ? '' : met ? 'yes' : 'NO',
  ]);
  const all = [['id', 'what', 'value', 'goal', 'met'], ...cells];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(all[0]), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

const order = new Intl.Collator('en', { numeric: true });
const partOf = (rowId: string) => rowId.split('/')[0];
