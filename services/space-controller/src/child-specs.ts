import { jobSpecs, matchedLabel, type ResolvedCampaign, searchSpaceLabel, trainingSeed } from '@nss/campaign';
import { Population } from '@nss/contracts';
import type { Resources, Specs } from '@nss/job-apis';
import { type PlannedJob, spaceLabel } from './campaign-plan.ts';

type Planned<Kind extends PlannedJob['kind']> = Extract<PlannedJob, { kind: Kind }>;

/** How the spec of each kind of job is made from the campaign and the results of the jobs that it needs. */
export const specOf = {
  warmup({ seed }: Planned<'warmup'>, { settings }: ResolvedCampaign): Specs['warmup'] {
    return { ...jobSpecs.warmup(settings), seed };
  },

  search({ target, seed }: Planned<'search'>, { settings }: ResolvedCampaign, warmup: Resources['warmup'] | undefined) {
    return {
      ...jobSpecs.search(settings),
      targetMultiplyAdds: target,
      seed,
      warmup: warmup?.name ?? '',
    } satisfies Specs['search'];
  },

  superNetwork({ seed }: Planned<'superNetwork'>, { settings }: ResolvedCampaign): Specs['superNetwork'] {
    return { ...jobSpecs.superNetwork(settings), seed };
  },

  /** An Elite Space beside architectures of the search space of the same cost; or, without one, the search space. */
  evaluation(
    { seed, target }: Planned<'evaluation'>,
    { settings, seeds }: ResolvedCampaign,
    superNetwork: Resources['superNetwork'],
    search: Resources['search'] | undefined,
  ): Specs['evaluation'] {
    const measured = { ...jobSpecs.evaluation(settings), superNetwork: superNetwork.name, seed };
    const count = settings.evaluation.architecturesPerSpace;
    const space = search?.result?.eliteSpace;
    if (target === undefined || !space) {
      return { ...measured, populations: [Population.create({ label: searchSpaceLabel, count })] };
    }
    const label = spaceLabel(target, seed, seeds);
    return {
      ...measured,
      populations: [
        Population.create({ label, members: { $case: 'space', value: space }, count }),
        Population.create({ label: matchedLabel(label), count, cost: { $case: 'matchedTo', value: label } }),
      ],
    };
  },

  nas(
    { target, seed, source }: Planned<'nas'>,
    { settings }: ResolvedCampaign,
    search: Resources['search'],
  ): Specs['nas'] {
    return {
      ...jobSpecs.nas(settings),
      space: source === 'elite' ? search.result?.eliteSpace : undefined,
      targetMultiplyAdds: target,
      seed,
    };
  },

  training(
    { seed, repeat }: Planned<'training'>,
    { settings }: ResolvedCampaign,
    nasRun: Resources['nas'],
  ): Specs['training'] {
    return {
      ...jobSpecs.training(settings),
      architecture: nasRun.result?.architecture,
      seed: trainingSeed(settings, seed, repeat),
    };
  },
};
