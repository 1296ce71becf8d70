import { stripVTControlCharacters } from 'node:util';

export type Column = { readonly title: string; readonly align?: 'left' | 'right' };

/** Lines of a table as kubectl prints them: capital titles, columns aligned, two spaces between, nothing trailing. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const all = [columns.map(({ title }) => title.toUpperCase()), ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => visibleLength(row[i]))));
  return all.map((row) =>
    row
      .map((cell, i) => {
        const space = ' '.repeat(widths[i] - visibleLength(cell));
        return columns[i].align === 'right' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Lines of `name: value` pairs with the values aligned; pairs without a value are left out. */
export function formatFields(fields: readonly (readonly [name: string, value: string | undefined])[]): string[] {
  const given = fields.filter((field): field is [string, string] => field[1] !== undefined);
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${`${name}:`.padEnd(width + 1)}  ${value}`);
}

/** Characters a text takes on the screen; the texts of this program hold no wide ones. */
export const visibleLength = (text: string): number => stripVTControlCharacters(text).length;
