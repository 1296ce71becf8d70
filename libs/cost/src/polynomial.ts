import type { InputShape, SearchSpace } from '@nss/space';

/**
 * A cost that depends on an architecture as
 *
 *     constant + sum_i [ areas[i] (10 w_{i-1} w_i + (18 d_i - 9) w_i^2) + perNorm (2 d_i + 1) w_i ] + perFeature w_N
 *
 * with depths `d_i`, widths `w_i` and `w_0 = stemWidth`. The first bracket counts the convolutions of a stage: its first
 * block has a 3x3 from `w_{i-1}` to `w_i`, a 3x3 from `w_i` to `w_i` and the 1x1 projection of the shortcut, its other
 * `d_i - 1` blocks two 3x3 each: `9 w_{i-1} w_i + 9 w_i^2 + w_{i-1} w_i + (d_i - 1) 18 w_i^2`. The second counts its BatchNorms,
 * two a block and one on the projection.
 */
export type CostPolynomial = {
  readonly constant: number;
  readonly stemWidth: number;
  /** Per stage: how often each convolution weight is used (output pixels), or counted (once). */
  readonly areas: readonly number[];
  /** Per channel of a BatchNorm. */
  readonly perNorm: number;
  /** Per channel that goes into the fully connected layer. */
  readonly perFeature: number;
};

/**
 * Multiply-adds as RegNet counts them: a convolution `k k c_in c_out h_out w_out`, the fully connected layer
 * `c_in classes + classes`; BatchNorm, ReLU, additions and pooling nothing.
 */
export function multiplyAddsOf(space: SearchSpace, { height, width, channels, classes }: InputShape): CostPolynomial {
  return {
    constant: height * width * 9 * channels * space.stemWidth + classes,
    stemWidth: space.stemWidth,
    areas: outputAreas(space, height, width),
    perNorm: 0,
    perFeature: classes,
  };
}

/** Trained numbers: convolution weights, scale and offset of every BatchNorm, weights and bias of the fully connected layer. */
export function parametersOf(space: SearchSpace, { channels, classes }: InputShape): CostPolynomial {
  return {
    constant: 9 * channels * space.stemWidth + 2 * space.stemWidth + classes,
    stemWidth: space.stemWidth,
    areas: space.stages.map(() => 1),
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
  const stages = polynomial.areas.length;
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
  { areas, perNorm }: CostPolynomial,
  stage: number,
  before: number,
  width: number,
  depth: number,
): number {
  return width * (areas[stage] * (10 * before + (18 * depth - 9) * width) + perNorm * (2 * depth + 1));
}

/** Output pixels of every stage: each stride divides height and width, rounded up ("same" padding). */
function outputAreas(space: SearchSpace, height: number, width: number): number[] {
  let [rows, columns] = [height, width];
  return space.stages.map(({ stride }) => {
    rows = Math.ceil(rows / stride);
    columns = Math.ceil(columns / stride);
    return rows * columns;
  });
}
