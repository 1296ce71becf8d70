/** Markup that is safe to put into a page as it is. */
export type Html = { readonly markup: string };

type Part = Html | string | number | undefined | readonly Part[];

/**
 * Writes HTML. Every interpolated text is escaped, so nothing that comes from outside (names, error messages) can become
 * markup; `Html` values go in as they are, lists one after the other, `undefined` as nothing.
 */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: texts.reduce((page, text, i) => page + markupOf(parts[i - 1]) + text) };
}

/** Markup that this package made itself, such as a figure. */
export const rawHtml = (markup: string): Html => ({ markup });

function markupOf(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'markup' in part ? part.markup : part.map(markupOf).join('');
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character]);
