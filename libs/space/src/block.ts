/**
 * A type of residual block: convolutions, each followed by BatchNorm, with ReLU behind all but the last; then the shortcut is added,
 * then ReLU. The first convolution goes from the channels of the block before to the stage's width, all others from that width to that
 * width. The first block of every stage projects its shortcut by a 1x1 convolution with BatchNorm, which carries the stride, too.
 */
export type Block = {
  /** Side of each convolution's kernel, in order. */
  readonly kernels: readonly number[];
  /** Index of the convolution that carries the stride in the first block of a stage. */
  readonly strided: number;
};

/** The types of blocks there are. Whatever depends on them is computed from these lines. */
export const blocks = {
  /** ResNet's basic block. */
  basic: { kernels: [3, 3], strided: 0 },
  /**
   * 1x1, 3x3, 1x1, with the stride on the 3x3 as in torchvision's ResNets. The bottleneck ratio is 1, so the inner convolutions are as
   * wide as the stage: the X block of RegNet with one group, and the ratio that RegNet found best (Radosavovic et al. 2020, section 4).
   * Unlike a quarter of the width, rounded, it leaves the cost a polynomial in the width.
   */
  bottleneck: { kernels: [1, 3, 1], strided: 1 },
} as const satisfies Record<string, Block>;

export type BlockType = keyof typeof blocks;

export const blockTypes = Object.keys(blocks) as readonly BlockType[];

/** The blocks of whatever says their type; one that says none has basic ones. */
export const blockOf = ({ block = 'basic' }: { readonly block?: BlockType }): Block => blocks[block];
