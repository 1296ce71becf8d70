import { type Evaluation, type NasRun, type NetworkSpace as NetworkSpaceMessage, toNetworkSpace } from '@nss/contracts';
import { type NetworkSpace, wholeSpace } from '@nss/space';
import type { Context } from './context.ts';

/** The space that NAS ran on: all of the search space where it was told of no other. */
export function searchedSpace({ settings }: Context, { name, spec }: NasRun): NetworkSpace {
  return spec?.space ? spaceIn(name, spec.space) : wholeSpace(settings.searchSpace);
}

/** The space that the networks of a population were drawn from, where it was told of one. */
export function populationSpace({ name, spec }: Evaluation, label: string): NetworkSpace | undefined {
  const members = spec?.populations.find((population) => population.label === label)?.members;
  return members?.$case === 'space' ? spaceIn(name, members.value) : undefined;
}

function spaceIn(name: string, message: NetworkSpaceMessage): NetworkSpace {
  const space = toNetworkSpace(message, 'space', []);
  if (!space) throw new Error(`${name} has succeeded with a space that is none`);
  return space;
}
