import { setImmediate } from 'node:timers/promises';
import type { TopLevelSpec } from 'vega-lite';
import { type Html, rawHtml } from '../html.ts';
import { theme } from './theme.ts';

/**
 * Draws a figure as inline SVG that scales with the page. The plotting library is loaded with the first figure: a process that
 * makes no report does not hold it. Drawing blocks for some tens of milliseconds, so whatever waits gets its turn first.
 */
export async function drawFigure(spec: TopLevelSpec, description: string): Promise<Html> {
  await setImmediate();
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled = vegaLite.compile(spec, { config: theme });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return rawHtml(inlineSvg(svg, description));
}

/** Drops what HTML does not need of a stand-alone SVG, names the picture for screen readers and cuts coordinates to 0.01 pixel. */
function inlineSvg(svg: string, description: string): string {
  const label = description.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return svg
    .replace(/^<svg[^>]*?width="([\d.]+)"[^>]*?viewBox="([^"]*)"[^>]*>/, (_, width: string, viewBox: string) => {
      return `<svg class="figure" role="img" aria-label="${label}" viewBox="${viewBox}" style="max-width:${width}px">`;
    })
    .replace(/<[^>]+>/g, (tag) => tag.replace(/(\.\d\d)\d+/g, '$1').replace(/ aria-hidden="true"/g, ''));
}
