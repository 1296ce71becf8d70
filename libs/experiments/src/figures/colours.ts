import { type ColourName, colour } from '@nss/report';

/** Few sets: as different as can be, also in print and for the colour-blind. */
const distinct: readonly ColourName[] = ['elite', 'matched', 'evaluation', 'training', 'failure'];

/** Viridis, dark to light: many sets in order. */
const viridis = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [190, 210, 40],
];

/** A colour for each of `count` sets; ordered ones beyond five. */
export function coloursOf(count: number): string[] {
  if (count <= distinct.length) return distinct.slice(0, count).map(colour);
  return Array.from({ length: count }, (_, i) => {
    const position = (i / (count - 1)) * (viridis.length - 1);
    const below = Math.min(Math.floor(position), viridis.length - 2);
    const mixed = viridis[below].map((from, k) => from + (position - below) * (viridis[below + 1][k] - from));
    return `#${mixed.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
  });
}

/** A legend below the panels, in one row where there is room. */
export const legend = {
  orient: 'bottom' as const,
  title: null,
  symbolOpacity: 1,
  symbolSize: 60,
  columns: 6,
  labelLimit: 260,
};
