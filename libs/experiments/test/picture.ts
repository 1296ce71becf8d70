/** How many elements of this tag the groups of a kind of mark hold in an SVG: those of data and of legends, not of axes. */
export function marksOf(svg: string, kind: string, tag: string, name = ''): number {
  const groups = svg.matchAll(
    new RegExp(`<g class="mark-${kind} role-(?:mark|legend-symbol)[^"]*${name}[^"]*"[^>]*(?<!/)>(.*?)</g>`, 'g'),
  );
  return [...groups].reduce((sum, [, content]) => sum + content.split(`<${tag} `).length - 1, 0);
}
