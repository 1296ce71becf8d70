import type { InputShape, NetworkSpace, SearchSpace } from '@nss/space';

/**
 * Everything a campaign found, as plain data: what a report is made from. Any list may be shorter than the campaign asked
 * for (a phase was left out, a target failed, the campaign was cancelled): the report then says what is missing and, where a job
 * tells it, why. Costs are multiply-adds, errors percent of images, times seconds since the start of the campaign.
 */
export type ReportData = {
  readonly campaign: CampaignReport;
  readonly searches: readonly SearchReport[];
  readonly evaluations: readonly EvaluationReport[];
  readonly nasRuns: readonly NasReport[];
  readonly trainings: readonly TrainingReport[];
  readonly jobs: readonly JobReport[];
};

export type PhaseName = 'warmup' | 'search' | 'evaluation' | 'nas' | 'training' | 'report';

export type CampaignReport = {
  readonly id: string;
  /** "fashion-mnist", "cifar10" or "cifar100". */
  readonly dataset: string;
  readonly preset: string;
  readonly targetsMultiplyAdds: readonly number[];
  readonly seeds: readonly number[];
  /** The phases asked for. */
  readonly phases: readonly PhaseName[];
  readonly searchSpace: SearchSpace;
  readonly input: InputShape;
  /** Images that errors are measured on, where known. */
  readonly testImages?: number;
  /** Every setting, resolved. */
  readonly settings: JsonObject;
  /** What the campaign file changed in the preset. */
  readonly overrides?: JsonObject;
  readonly startTime: Date;
  readonly endTime?: Date;
  /** Version of this software, for example "0.1.0". */
  readonly version: string;
  /** Commit of this software, where known. */
  readonly commit?: string;
};

/** One search for an Elite Space: one a target and seed. */
export type SearchReport = {
  readonly targetMultiplyAdds: number;
  readonly seed: number;
  readonly eliteSpace: NetworkSpace;
  readonly certificate: CertificateReport;
  /** All spaces drawn from theta, the Elite Space among them, in the order drawn. */
  readonly draws: readonly SpaceDrawReport[];
  /** Theta over time, oldest first. */
  readonly trajectory: readonly TrajectoryPoint[];
  /** Whether errors on images moved theta; else only the cost did. */
  readonly taskLoss: boolean;
};

export type SpaceDrawReport = {
  readonly space: NetworkSpace;
  readonly meanMultiplyAdds: number;
  /** mean / target - 1. */
  readonly deviation: number;
};

/** Statistics of the cost over all architectures of a space. */
export type CertificateReport = {
  readonly architectures: number;
  readonly meanMultiplyAdds: number;
  readonly minMultiplyAdds: number;
  readonly maxMultiplyAdds: number;
  readonly quantiles: readonly { readonly probability: number; readonly multiplyAdds: number }[];
  /** mean / target - 1. */
  readonly deviation: number;
  /** Share of architectures within 10% of the target, 0 to 1. */
  readonly shareWithin10Percent: number;
  /** Counted over every architecture; else sampled. */
  readonly exact: boolean;
  /** 95% half-width of the share when sampled, else 0. */
  readonly shareError: number;
};

/** Theta at one iteration of a search. */
export type TrajectoryPoint = {
  readonly iteration: number;
  /** Probabilities of the depth bins and the width bins, one entry a stage. */
  readonly stages: readonly { readonly depth: readonly number[]; readonly width: readonly number[] }[];
  /** Mean cost of an architecture drawn from theta. */
  readonly meanMultiplyAdds: number;
  /** Mean loss of the theta steps since the point before, in nats: cross entropy, with task loss, plus the weighted cost term. */
  readonly loss: number;
  /** Of the Gumbel-Softmax. */
  readonly temperature: number;
};

/** One stand-alone super network and what was measured with it. */
export type EvaluationReport = {
  /** Of the super network. */
  readonly id: string;
  readonly seed: number;
  readonly spaces: readonly EvaluatedSpaceReport[];
  readonly architectures: readonly ArchitectureRow[];
  /** Share, 0 to 1, of the rectangle from zero to the largest cost and error measured that some architecture of the set dominates. */
  readonly hypervolumeElite?: number;
  readonly hypervolumeSearchSpace?: number;
};

export type EvaluatedSpaceReport = {
  /** Unique in the evaluation, for example "8mf". */
  readonly label: string;
  readonly targetMultiplyAdds: number;
  /** Seed of the search that found the space. */
  readonly seed: number;
  readonly comparison?: ComparisonReport;
};

/** An Elite Space against architectures of the search space of the same cost. */
export type ComparisonReport = {
  readonly eliteMeanErrorPercent: number;
  readonly eliteBestErrorPercent: number;
  readonly matchedMeanErrorPercent: number;
  readonly matchedBestErrorPercent: number;
  /** matched - elite mean error, in percentage points: positive when the Elite Space is better. */
  readonly advantagePercent: number;
  /** 95% bootstrap interval of the advantage. */
  readonly advantageLowPercent: number;
  readonly advantageHighPercent: number;
  /** Mean distance in error to the Pareto front of all evaluated architectures, at equal cost. */
  readonly eliteFrontDistancePercent?: number;
  readonly matchedFrontDistancePercent?: number;
  readonly eliteArchitectures: number;
  readonly matchedArchitectures: number;
};

/**
 * Where an evaluated architecture was drawn from: an Elite Space, the search space at the cost of that Elite Space, or all of
 * the search space.
 */
export type ArchitectureSource = 'elite' | 'matched' | 'search-space';

export type ArchitectureRow = {
  /** Label of the evaluated space; empty for a row of the whole search space, which belongs to none. */
  readonly label: string;
  readonly source: ArchitectureSource;
  /** For example "2x16-3x32-4x64". */
  readonly architecture: string;
  readonly multiplyAdds: number;
  readonly errorPercent: number;
  /** Mean cross entropy in nats. */
  readonly loss: number;
};

/** Where architecture searches work: inside an Elite Space, or, as the baseline, on the whole search space. */
export const nasSources = ['elite', 'search-space'] as const;
export type NasSource = (typeof nasSources)[number];

export type NasReport = {
  readonly targetMultiplyAdds: number;
  readonly seed: number;
  readonly source: NasSource;
  /** For example "2x16-3x32-4x64". */
  readonly architecture: string;
  readonly multiplyAdds: number;
  /** cost / target - 1. */
  readonly deviation: number;
  /** Architectures drawn from theta until this one was kept. */
  readonly draws: number;
  /** Share of draws within the tolerance of the target, 0 to 1. */
  readonly hitRate: number;
};

/** Trainings from scratch of one architecture that a NAS run found. */
export type TrainingReport = {
  readonly targetMultiplyAdds: number;
  readonly seed: number;
  readonly source: NasSource;
  readonly architecture: string;
  /** One a finished repeat. */
  readonly testErrorsPercent: readonly number[];
};

export type JobKind = 'campaign' | 'warmup' | 'search' | 'superNetwork' | 'evaluation' | 'nas' | 'training';

export type JobReport = {
  readonly kind: JobKind;
  readonly id: string;
  /** For jobs that work for one target. */
  readonly targetMultiplyAdds?: number;
  readonly seed?: number;
  /** For NAS runs and trainings. */
  readonly source?: NasSource;
  readonly state: 'pending' | 'running' | 'cancelling' | 'succeeded' | 'failed' | 'cancelled';
  /** Absent when it never started. */
  readonly startSeconds?: number;
  /** Absent when it has not ended. */
  readonly endSeconds?: number;
  /** Why it failed or was never started. */
  readonly error?: string;
  /** Trainers that worked for the job, oldest first. */
  readonly trainerUses: readonly TrainerUseReport[];
};

export type TrainerUseReport = {
  readonly trainer: string;
  /** For example "tensorflow 2.21.0, 1 thread". */
  readonly engine: string;
  readonly startSeconds: number;
  /** Absent while it works. */
  readonly endSeconds?: number;
};

/** A JSON object: settings as a preset file holds them. */
export type JsonObject = { readonly [key: string]: JsonValue };
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
