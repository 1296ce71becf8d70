import type { Architecture, MixtureGradient, StageMixture } from '@nss/space';

/** Which training images a weight step uses: all of them, or the half that is not kept for theta. */
export type WeightSplit = 'all' | 'weights';

/** One SGD step on the weights of one sub-network. */
export type WeightStep = {
  /** Decides, with the seed of the session, the batch and its augmentation. */
  readonly iteration: number;
  readonly architecture: Architecture;
  readonly learningRate: number;
};

/** Stored weights and momentum. */
export type Checkpoint = {
  readonly checkpointId: string;
  /** `SHA-256=...` of the stored bytes. */
  readonly digest: string;
  readonly bytes: number;
};

/** Stored weights, and how many images trained them since what they are averaged with went another way. */
export type CheckpointShare = { readonly checkpoint: Checkpoint; readonly samples: number };

/**
 * What the search asks of whoever owns the weights and the images: a super network opened with a data set, a search
 * space and a seed. The search never sees how a trainer is reached. Calls may come before earlier ones are answered and run in
 * their order; any of them may reject when the trainer is lost, and the search then ends with that error.
 */
export type Trainer = {
  /** Runs SGD steps in order; the cross entropy in nats before each. */
  weightSteps(split: WeightSplit, steps: readonly WeightStep[]): Promise<readonly number[]>;
  /**
   * Cross entropy of a mixture on a batch of theta's half, and its gradient in the mixture weights. The super network's
   * weights do not change.
   */
  thetaStep(
    iteration: number,
    mixture: readonly StageMixture[],
  ): Promise<{ readonly loss: number; readonly gradients: readonly MixtureGradient[] }>;
  /**
   * Cross entropy in nats of sub-networks on a batch of theta's half, one an architecture, every BatchNorm with the batch's statistics. The
   * super network's weights do not change.
   */
  taskLosses(iteration: number, architectures: readonly Architecture[]): Promise<readonly number[]>;
  /**
   * Error in percent and mean cross entropy of sub-networks on held-out images, BatchNorm statistics recomputed for each
   * on `calibrationImages` training images.
   */
  evaluate(
    architectures: readonly Architecture[],
    calibrationImages: number,
  ): Promise<{ readonly errorsPercent: readonly number[]; readonly losses: readonly number[] }>;
  /**
   * Stores one sub-network as an artifact, for whoever wants to compute with it elsewhere, BatchNorm statistics as `evaluate` takes
   * them on as many training images.
   */
  exportNetwork(artifact: string, architecture: Architecture, calibrationImages: number): Promise<void>;
  /** Stores weights and momentum. */
  save(checkpointId: string): Promise<Checkpoint>;
  /** Replaces weights and momentum by stored ones. */
  load(checkpoint: Checkpoint): Promise<void>;
  /** Replaces weights and momentum by the mean of stored ones, each counted by its samples. */
  average(shares: readonly CheckpointShare[]): Promise<void>;
};
