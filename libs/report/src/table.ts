import { type Html, html } from './html.ts';

export type Cell = Html | string;

export type Column = {
  readonly title: string;
  /** Numbers stand to the right; `whole` texts are not broken into lines; `space` has room for a network space. */
  readonly align?: 'number' | 'whole' | 'space';
};

export type Row = { readonly cells: readonly Cell[]; readonly class?: 'chosen' | 'group' };

/** A table with its caption. */
export function table(caption: Cell, columns: readonly Column[], rows: readonly Row[]): Html {
  return html`<div class="scroll"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ title, align }) => html`<th scope="col" class="${align ?? ''}">${title}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (row) =>
    html`<tr class="${row.class ?? ''}">${row.cells.map((cell, i) => html`<td class="${columns[i].align ?? ''}">${cell}</td>`)}</tr>
`,
)}</tbody>
</table></div>
`;
}
