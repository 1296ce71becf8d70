import { type Block, blockOf, type InputShape, type SearchSpace } from '@nss/space';

/**
 * A cost that depends on an architecture as
 *
 *     constant + sum_i [ cross_i w_{i-1} w_i + (once_i + perBlock_i d_i) w_i^2 + perNorm (norms d_i + 1) w_i ] + perFeature w_N
 *
 * with depths `d_i`, widths `w_i` and `w_0 = stemWidth`. The first two terms count the convolutions of a stage, the third its
 * BatchNorms: as many a block as it has convolutions, and one on the projection. Of the basic block, which has two 3x3, the convolutions
 * are `9 w_{i-1} w_i + w_{i-1} w_i + 9 w_i^2 + 18 (d_i - 1) w_i^2` times the output pixels of the stage: `cross` is 10, `once` -9 and
 * `perBlock` 18 times these.
 */
export type CostPolynomial = {
  readonly constant: number;
  readonly stemWidth: number;
  readonly stages: readonly StageCost[];
  /** BatchNorms in a block, besides that of the projection. */
  readonly norms: number;
  /** Per channel of a BatchNorm. */
  readonly perNorm: number;
  /** Per channel that goes into the fully connected layer. */
  readonly perFeature: number;
};

/** What the convolutions of a stage cost. */
export type StageCost = {
  /** Those from the width before to the stage's: first convolution and projection of the first block; per product of the two widths. */
  readonly cross: number;
  /** What the other convolutions of the first block cost more than those of a later block, per square of the width; negative, mostly. */
  readonly once: number;
  /** Those of a later block, per square of the width. */
  readonly perBlock: number;
};

/**
 * Multiply-adds as RegNet counts them: a convolution `k k c_in c_out h_out w_out`, the fully connected layer
 * `c_in classes + classes`; BatchNorm, ReLU, additions and pooling nothing.
 */
export function multiplyAddsOf(space: SearchSpace, { height, width, channels, classes }: InputShape): CostPolynomial {
  const block = blockOf(space);
  const areas = stageAreas(space, height, width);
  return {
    constant: height * width * 9 * channels * space.stemWidth + classes,
    stemWidth: space.stemWidth,
    stages: areas.slice(1).map((area, i) => stageCost(block, areas[i], area)),
    norms: block.kernels.length,
    perNorm: 0,
    perFeature: classes,
  };
}

/** Trained numbers: convolution weights, scale and offset of every BatchNorm, weights and bias of the fully connected layer. */
export function parametersOf(space: SearchSpace, { channels, classes }: InputShape): CostPolynomial {
  const block = blockOf(space);
  return {
    constant: 9 * channels * space.stemWidth + 2 * space.stemWidth + classes,
    stemWidth: space.stemWidth,
    stages: space.stages.map(() => stageCost(block, 1, 1)),
    norms: block.kernels.length,
    perNorm: 2,
    perFeature: classes,
  };
}

/**
 * The polynomial at every architecture of a list: depth and width of stage 1, of stage 2, ..., architecture after
 * architecture. Throws RangeError when the list ends inside an architecture.
 */
export function evaluateAll(polynomial: CostPolynomial, depthsAndWidths: ArrayLike<number>): Float64Array {
  const { constant, stemWidth, perFeature } = polynomial;
  const stages = polynomial.stages.length;
  const count = depthsAndWidths.length / (2 * stages);
  if (!Number.isInteger(count)) {
    throw new RangeError(
      `${depthsAndWidths.length} numbers are no list of architectures of ${stages} stages: expected a multiple of ${2 * stages}`,
    );
  }
  const costs = new Float64Array(count);
  for (let k = 0, at = 0; k < count; k++) {
    let cost = constant;
    let before = stemWidth;
    for (let i = 0; i < stages; i++, at += 2) {
      const depth = depthsAndWidths[at];
      const width = depthsAndWidths[at + 1];
      cost += stageTerm(polynomial, i, before, width, depth);
      before = width;
    }
    costs[k] = cost + perFeature * before;
  }
  return costs;
}

/** What stage `stage` adds; `before` is the width of the stage before it, or of the stem. */
export function stageTerm(
  { stages, norms, perNorm }: CostPolynomial,
  stage: number,
  before: number,
  width: number,
  depth: number,
): number {
  const { cross, once, perBlock } = stages[stage];
  return width * (cross * before + (once + perBlock * depth) * width + perNorm * (norms * depth + 1));
}

/** `before` and `after`: how often a weight is used ahead of the stride and behind it (output pixels), or counted (once). */
function stageCost({ kernels, strided }: Block, before: number, after: number): StageCost {
  const [leading, ...others] = kernels.map((kernel, k) => kernel ** 2 * (k < strided ? before : after));
  const perBlock = after * sum(kernels.map((kernel) => kernel ** 2));
  return { cross: leading + after, once: sum(others) - perBlock, perBlock };
}

/** Pixels of the stem's output and of every stage's: each stride divides height and width, rounded up ("same" padding). */
function stageAreas(space: SearchSpace, height: number, width: number): number[] {
  let [rows, columns] = [height, width];
  const areas = space.stages.map(({ stride }) => {
    rows = Math.ceil(rows / stride);
    columns = Math.ceil(columns / stride);
    return rows * columns;
  });
  return [height * width, ...areas];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
