/** One stage of a mixture of architectures: a value of each variable drawn in every bin, and the weight of each (method section 4). */
export type StageMixture = {
  readonly depths: readonly number[];
  readonly depthWeights: readonly number[];
  readonly widths: readonly number[];
  readonly widthWeights: readonly number[];
};

/** d loss / d weight of one stage of a mixture. */
export type MixtureGradient = {
  readonly depthWeights: readonly number[];
  readonly widthWeights: readonly number[];
};
