import { setImmediate } from 'node:timers/promises';
import type { Config, TopLevelSpec } from 'vega-lite';
import { type Html, rawHtml } from '../html.ts';
import { palette, theme } from './theme.ts';

/** Draws a figure as inline SVG that scales with the page. */
export async function drawFigure(spec: TopLevelSpec, description: string): Promise<Html> {
  return rawHtml(inlineSvg(await draw(spec, theme), description));
}

/** Draws a figure as an SVG file of its own: on white paper, in the light colours, in `font` where that is there. */
export async function drawSvgFile(spec: TopLevelSpec, font: string): Promise<string> {
  const svg = await draw(spec, { ...theme, background: palette.paper.light, font: `${font}, ${theme.font}` });
  return svg.replace(/var\(--[a-z]+, (#[0-9a-f]+)\)/g, '$1');
}

/**
 * The plotting library is loaded with the first figure: a process that makes no report does not hold it. Drawing blocks for some
 * tens of milliseconds, so whatever waits gets its turn first.
 */
async function draw(spec: TopLevelSpec, config: Config): Promise<string> {
  await setImmediate();
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled = vegaLite.compile(spec, { config });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
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
