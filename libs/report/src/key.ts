import type { ColourName } from './figures/theme.ts';
import { type Html, html } from './html.ts';

/** One entry of a figure's key. */
export type KeyEntry = {
  readonly form: 'dot' | 'hollow' | 'line' | 'dashed' | 'box' | 'band' | 'arrow';
  readonly colour: ColourName;
  readonly text: string;
};

/** The key above a figure. */
export function key(entries: readonly (KeyEntry | Html)[]): Html {
  return html`<p class="key">${entries.map((entry) =>
    'markup' in entry
      ? entry
      : html`<span><i class="${entry.form}" style="--colour: var(--${entry.colour})"></i>${entry.text}</span>`,
  )}</p>`;
}
