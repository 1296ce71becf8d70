import type { Config } from 'vega-lite';

/**
 * Colours of figures and of the page, for light and dark. A figure names them as CSS variables, so that one SVG suits both; the
 * light colour stands beside each name for an SVG taken out of the page. Elite blue and matched orange stay apart in every
 * common form of colour blindness, and in print by lightness.
 */
export const palette = {
  ink: { light: '#1d2126', dark: '#e6e4df' },
  muted: { light: '#626972', dark: '#a2a6ab' },
  grid: { light: '#e4e5e7', dark: '#33373c' },
  paper: { light: '#ffffff', dark: '#16181b' },
  elite: { light: '#1f63ad', dark: '#6aaef0' },
  matched: { light: '#d0691a', dark: '#f0a058' },
  sample: { light: '#a3a8ae', dark: '#6d737a' },
  warmup: { light: '#8d939a', dark: '#858b92' },
  search: { light: '#1f63ad', dark: '#6aaef0' },
  'super-network': { light: '#6f8f2f', dark: '#a9c45c' },
  evaluation: { light: '#2f8f6b', dark: '#5cc49a' },
  nas: { light: '#d0691a', dark: '#f0a058' },
  training: { light: '#8a5aa8', dark: '#be95d8' },
  failure: { light: '#b3261e', dark: '#f2867e' },
} as const;

export type ColourName = keyof typeof palette;

export const colour = (name: ColourName) => `var(--${name}, ${palette[name].light})`;

/** Looks shared by every figure: thin axes, light grid, the page's own font, no frame. */
export const theme: Config = {
  background: 'transparent',
  aria: false,
  font: 'system-ui, sans-serif',
  padding: 4,
  view: { stroke: null },
  axis: {
    labelColor: colour('muted'),
    labelFontSize: 11,
    titleColor: colour('ink'),
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titlePadding: 8,
    domainColor: colour('muted'),
    tickColor: colour('muted'),
    tickSize: 4,
    gridColor: colour('grid'),
    labelOverlap: true,
  },
  axisY: { domain: false, ticks: false, labelPadding: 6 },
  axisX: { grid: false },
  text: { color: colour('muted'), fontSize: 11 },
};

/**
 * The title of a panel, as a layer. Vega's own titles stand above the axis labels, so that panels side by side would have theirs at
 * different heights.
 */
export const panelTitle = (text: string) => ({
  data: { values: [{}] },
  mark: {
    type: 'text' as const,
    text,
    x: 0,
    y: -16,
    align: 'left' as const,
    color: colour('ink'),
    fontSize: 12,
    fontWeight: 600 as const,
  },
});

/** The unit that costs around `multiplyAdds` are plotted in. */
export type CostUnit = { readonly name: 'MF' | 'GF'; readonly size: number; readonly axisTitle: string };

export const costUnitOf = (multiplyAdds: number): CostUnit =>
  multiplyAdds < 1e9
    ? { name: 'MF', size: 1e6, axisTitle: 'cost (MF, million multiply-adds)' }
    : { name: 'GF', size: 1e9, axisTitle: 'cost (GF, billion multiply-adds)' };
