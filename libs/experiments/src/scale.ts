import { type PresetName, parseMultiplyAdds } from '@nss/campaign';

/** The numbers of the experiments that belong to the size of a search space. Costs are multiply-adds. */
export type Scale = {
  /** Targets of figures 3 and 4, tables 1 and 2 and what follows from them. */
  readonly targets: readonly number[];
  /** Targets of figures 9 and 10. */
  readonly regimes: readonly number[];
  /** Figure 5: architecture search in every space of widths up to one of these and depths up to one of those. */
  readonly growing: {
    readonly target: number;
    readonly widths: readonly number[];
    readonly depths: readonly number[];
  };
  /** Figure 6: the cost window, and the target whose Elite Space lies in it. */
  readonly window: { readonly target: number; readonly min: number; readonly max: number };
  /** Architectures that are trained from scratch to tell how far the evaluation super network can be trusted. */
  readonly fidelityArchitectures: number;
};

/**
 * By preset. The paper's thirteen targets, its 600 MF for figure 5 and its window of 360 to 400 MF for figure 6; it says "eight spaces and the
 * full one", which three widths by three depths are. Smaller presets have smaller ones: the smallest target of `small`
 * is 0.3 MF, because no network space of it costs 0.2 MF on average.
 */
export const scales: Readonly<Record<PresetName, Scale>> = {
  paper: scale(
    '200MF 400MF 600MF 800MF',
    '200MF 400MF 600MF 800MF 1.6GF 3.2GF 4GF 6.4GF 8GF 12GF 16GF 24GF 32GF',
    { target: '600MF', widths: [128, 256, 512], depths: [4, 8, 16] },
    { target: '400MF', min: '360MF', max: '400MF' },
    24,
  ),
  small: scale(
    '2MF 4MF 8MF 16MF',
    '0.3MF 0.4MF 0.6MF 0.8MF 1.6MF 3.2MF 4MF 6.4MF 8MF 12MF 16MF 24MF 32MF',
    { target: '0.6MF', widths: [16, 32, 64], depths: [1, 2, 4] },
    { target: '4MF', min: '3.6MF', max: '4MF' },
    24,
  ),
  quickstart: scale(
    '2MF 6MF',
    '0.4MF 0.8MF 1.6MF 3.2MF 6.4MF',
    { target: '0.6MF', widths: [16, 32], depths: [1, 3] },
    { target: '2MF', min: '1.8MF', max: '2MF' },
    20,
  ),
  tiny: scale(
    '0.06MF 0.15MF',
    '0.06MF 0.09MF 0.15MF',
    { target: '0.06MF', widths: [4, 8], depths: [1, 2] },
    { target: '0.06MF', min: '0.05MF', max: '0.07MF' },
    20,
  ),
};

function scale(
  targets: string,
  regimes: string,
  growing: { target: string; widths: readonly number[]; depths: readonly number[] },
  window: { target: string; min: string; max: string },
  fidelityArchitectures: number,
): Scale {
  return {
    targets: targets.split(' ').map(cost),
    regimes: regimes.split(' ').map(cost),
    growing: { ...growing, target: cost(growing.target) },
    window: { target: cost(window.target), min: cost(window.min), max: cost(window.max) },
    fidelityArchitectures,
  };
}

function cost(text: string): number {
  const multiplyAdds = parseMultiplyAdds(text);
  if (multiplyAdds === undefined) throw new Error(`"${text}" is no cost`);
  return multiplyAdds;
}
