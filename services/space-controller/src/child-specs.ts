import type { ResolvedCampaign } from '@nss/campaign';
import type { EvaluatedSpace } from '@nss/contracts';
import { type PlannedJob, spaceLabel } from './campaign-plan.ts';
import type { Resources, Specs } from './child-jobs.ts';

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

  evaluation(
    job: Planned<'evaluation'>,
    { settings, seeds }: ResolvedCampaign,
    searches: readonly Resources['search'][],
  ): Specs['evaluation'] {
    const { dataset, searchSpace, evaluation } = settings;
    const spaces = searches.map(({ spec, result }): EvaluatedSpace => {
      const { targetMultiplyAdds = 0, seed = 0 } = spec ?? {};
      return {
        label: spaceLabel(targetMultiplyAdds, seed, seeds),
        space: result?.eliteSpace,
        targetMultiplyAdds,
      };
    });
    return { dataset, searchSpace, settings: evaluation, seed: job.seed, spaces };
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
