const voidElements = new Set(['meta', 'link', 'br', 'hr', 'img', 'input']);

/** Faults in the markup of a page: tags that do not close in order, attributes without quotes, stray brackets. */
export function faultsOf(page: string): string[] {
  const faults: string[] = [];
  const open: string[] = [];
  let end = 0;
  for (const tag of page.matchAll(/<(\/?)([a-zA-Z!][\w-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?)>/g)) {
    const text = page.slice(end, tag.index);
    if (open.at(-1) !== 'style' && /[<>]/.test(text)) faults.push(`stray bracket in "${text.trim().slice(0, 80)}"`);
    end = tag.index + tag[0].length;
    const [, closing, name, , selfClosing] = tag;
    if (name.startsWith('!') || selfClosing || voidElements.has(name)) continue;
    if (!closing) open.push(name);
    else if (open.at(-1) === name) open.pop();
    else faults.push(`</${name}> closes ${open.at(-1) ?? 'nothing'}`);
  }
  if (/[<>]/.test(page.slice(end))) faults.push('stray bracket at the end');
  return [...faults, ...open.map((name) => `<${name}> is not closed`)];
}

/** What a reader reads: text without tags and style sheet. */
export const textOf = (markup: string) =>
  markup
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
