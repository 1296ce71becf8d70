import { inputShapeOf, type ResolvedSettings } from '@nss/campaign';
import type { InputShape } from '@nss/space';
import type { Scale } from './scale.ts';

/** What an experiment is done with: everything that its jobs depend on. */
export type Context = {
  /** For people, for example `preset small, cifar10`. */
  readonly title: string;
  readonly settings: ResolvedSettings;
  readonly input: InputShape;
  /** Multiply-adds. */
  readonly targets: readonly number[];
  readonly seeds: readonly number[];
  readonly scale: Scale;
};

export const contextOf = (context: Omit<Context, 'input'>): Context => ({
  ...context,
  input: inputShapeOf(context.settings.dataset),
});

/** How far from the target the cost of a network that meets it may be, for example `10%`. */
export const formatTolerance = ({ settings }: Context): string =>
  `${Number((100 * settings.nas.tolerance).toPrecision(6))}%`;
