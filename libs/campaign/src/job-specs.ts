import type { ResolvedSettings } from './schema.ts';

/**
 * What settings say of the spec of each kind of job. The rest (seed, target, what other jobs have found) is known to who makes the job: a
 * campaign, or an experiment of the paper.
 */
export const jobSpecs = {
  warmup: ({ dataset, searchSpace, search }: ResolvedSettings) => ({ dataset, searchSpace, weights: search.weights }),
  search: ({ dataset, searchSpace, search }: ResolvedSettings) => ({ dataset, searchSpace, settings: search }),
  superNetwork: ({ dataset, searchSpace, evaluation }: ResolvedSettings) => ({
    dataset,
    searchSpace,
    weights: evaluation.weights,
  }),
  evaluation: ({ dataset, searchSpace, evaluation: { calibrationImages } }: ResolvedSettings) => ({
    dataset,
    searchSpace,
    calibrationImages,
  }),
  nas: ({ dataset, searchSpace, nas }: ResolvedSettings) => ({ dataset, searchSpace, settings: nas }),
  training: ({ dataset, searchSpace, training }: ResolvedSettings) => ({ dataset, searchSpace, settings: training }),
};

/**
 * Seed of a training from scratch: every repeat of every seed starts from weights of its own. For seeds other than 0 the number of repeats
 * decides which.
 */
export const trainingSeed = ({ training }: ResolvedSettings, seed: number, repeat: number): number =>
  seed * training.repeats + repeat;

/** Label of the population of the search space that costs what the space of that label does. */
export const matchedLabel = (label: string) => `${label}-matched`;

/** Label of the population that is drawn from the whole search space. */
export const searchSpaceLabel = 'search-space';
