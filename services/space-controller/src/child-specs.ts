import type { ResolvedCampaign } from '@nss/campaign';
import { Population } from '@nss/contracts';
import type { Resources, Specs } from '@nss/job-apis';
import { matchedLabel, type PlannedJob, searchSpaceLabel, spaceLabel } from './campaign-plan.ts';

type Planned<Kind extends PlannedJob['kind']> = Extract<PlannedJob, { kind: Kind }>;

/** How the spec of each kind of job is made from the campaign and the results of the jobs that it needs. */
export const specOf = {
  warmup(job: Planned<'warmup'>, { settings }: ResolvedCampaign): Specs['warmup'] {
    const { dataset, searchSpace, search } = settings;
    return { dataset, searchSpace, weights: search.weights, seed: job.seed };
  },

  search(job: Planned<'search'>, { settings }: ResolvedCampaign, warmup: Resources['warmup'] | undefined) {
    const { dataset, searchSpace, search } = settings;
    return {
      dataset,
      searchSpace,
      settings: search,
      targetMultiplyAdds: job.target,
      seed: job.seed,
      warmup: warmup?.name ?? '',
    } satisfies Specs['search'];
  },

  superNetwork(job: Planned<'superNetwork'>, { settings }: ResolvedCampaign): Specs['superNetwork'] {
    const { dataset, searchSpace, evaluation } = settings;
    return { dataset, searchSpace, weights: evaluation.weights, seed: job.seed };
  },

  /** An Elite Space beside architectures of the search space of the same cost; or, without one, the search space. */
  evaluation(
    job: Planned<'evaluation'>,
    { settings, seeds }: ResolvedCampaign,
    superNetwork: Resources['superNetwork'],
    search: Resources['search'] | undefined,
  ): Specs['evaluation'] {
    const { dataset, searchSpace, evaluation } = settings;
    const { architecturesPerSpace: count, calibrationImages } = evaluation;
    const { seed, target } = job;
    const measured = { dataset, searchSpace, superNetwork: superNetwork.name, calibrationImages, seed };
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

  nas(job: Planned<'nas'>, { settings }: ResolvedCampaign, search: Resources['search']): Specs['nas'] {
    const { dataset, searchSpace, nas } = settings;
    return {
      dataset,
      searchSpace,
      space: job.source === 'elite' ? search.result?.eliteSpace : undefined,
      settings: nas,
      targetMultiplyAdds: job.target,
      seed: job.seed,
    };
  },

  training(job: Planned<'training'>, { settings }: ResolvedCampaign, nasRun: Resources['nas']): Specs['training'] {
    const { dataset, searchSpace, training } = settings;
    return {
      dataset,
      searchSpace,
      architecture: nasRun.result?.architecture,
      settings: training,
      // Every repeat of every campaign seed starts from weights of its own.
      seed: job.seed * training.repeats + job.repeat,
    };
  },
};
