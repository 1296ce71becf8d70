import { type NasRun, toNetworkSpace } from '@nss/contracts';
import { type NetworkSpace, wholeSpace } from '@nss/space';
import type { Context } from './context.ts';

/** The space that NAS ran on: all of the search space where it was told of no other. */
export function searchedSpace({ settings }: Context, { name, spec }: NasRun): NetworkSpace {
  if (!spec?.space) return wholeSpace(settings.searchSpace);
  const space = toNetworkSpace(spec.space, 'spec.space', []);
  if (!space) throw new Error(`${name} has succeeded on a space that is none`);
  return space;
}
