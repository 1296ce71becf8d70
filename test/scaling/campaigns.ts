import { presetOf, type ResolvedCampaign, resolveSettings } from '@nss/campaign';
import { CampaignSpec } from '@nss/contracts';
import { scales } from '@nss/experiments';

/** The paper's campaign: a campaign for each of two data sets, with thirteen targets and three seeds. */
export const paperCampaigns = (targets: readonly number[] = scales.paper.regimes): CampaignSpec[] =>
  ['cifar10', 'cifar100'].map((dataset) =>
    CampaignSpec.create({
      dataset,
      preset: 'paper',
      targetsMultiplyAdds: [...targets],
      seeds: [0, 1, 2],
    }),
  );

/** A campaign that takes seconds, in which every kind of job waits for trainers. */
export const smallCampaign = (): CampaignSpec =>
  CampaignSpec.create({
    dataset: 'cifar10',
    preset: 'tiny',
    targetsMultiplyAdds: [...scales.tiny.regimes],
    seeds: [0, 1],
    overrides: {
      search: { weights: { epochs: 6 } },
      evaluation: { weights: { epochs: 6 }, architecturesPerSpace: 30 },
      nas: { weights: { epochs: 4 } },
      training: { weights: { epochs: 3 } },
    },
  });

/** The paper's search space, with its hundreds of bins in an architecture search, and few iterations: what commands take of the services. */
export const paperSpaceCampaign = (): CampaignSpec =>
  CampaignSpec.create({
    dataset: 'cifar10',
    preset: 'tiny',
    targetsMultiplyAdds: [3e9],
    overrides: {
      searchSpace: presetOf('paper').searchSpace,
      search: { weights: { epochs: 60 } },
      nas: { weights: { epochs: 60 } },
    },
  });

/** Throws when the campaign is not one that can run. */
export function resolved(spec: CampaignSpec): ResolvedCampaign {
  const found = resolveSettings(spec);
  if ('faults' in found) throw new Error(JSON.stringify(found.faults));
  return found;
}
