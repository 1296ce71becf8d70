import {
  type Architecture,
  type BlockType,
  blockTypes,
  depthBins,
  type InputShape,
  type NetworkSpace,
  type Range,
  type SearchSpace,
  type StageSpace,
  widthBins,
} from '@nss/space';
import fc from 'fast-check';

/** The paper's Expanded Search Space, with the given strides. */
export function expandedSpace(...strides: number[]): SearchSpace {
  const ranges = { depth: { min: 1, max: 16 }, width: { min: 1, max: 512 }, depthBinSize: 4, widthBinSize: 32 };
  return { stemWidth: 16, stages: strides.map((stride) => ({ stride, ...ranges })) };
}

export const cifar10: InputShape = { height: 32, width: 32, channels: 3, classes: 10 };

export const inputShape = fc.record({
  height: fc.integer({ min: 1, max: 40 }),
  width: fc.integer({ min: 1, max: 40 }),
  channels: fc.integer({ min: 1, max: 4 }),
  classes: fc.integer({ min: 2, max: 20 }),
});

/** Search spaces with few architectures, of any block: up to 3 stages of up to 2 x 2 depths and 2 x 3 widths. */
export const smallSearchSpace: fc.Arbitrary<SearchSpace> = fc.record({
  block: fc.constantFrom<(BlockType | undefined)[]>(undefined, ...blockTypes),
  stemWidth: fc.integer({ min: 1, max: 20 }),
  stages: fc.array(stageSpace(), { minLength: 1, maxLength: 3 }),
});

function stageSpace(): fc.Arbitrary<StageSpace> {
  const small = (max: number) => fc.integer({ min: 1, max });
  return fc
    .record({
      stride: small(3),
      from: fc.tuple(small(9), small(40)),
      sizes: fc.tuple(small(2), small(3)),
      bins: small(2),
    })
    .map(({ stride, from: [depth, width], sizes: [depthBinSize, widthBinSize], bins }) => ({
      stride,
      depth: { min: depth, max: depth + bins * depthBinSize - 1 },
      width: { min: width, max: width + bins * widthBinSize - 1 },
      depthBinSize,
      widthBinSize,
    }));
}

/** Every architecture of a space, one by one: what closed forms and counts are held against. */
export function enumerate(space: NetworkSpace): Architecture[] {
  let architectures: Architecture[] = [{ stages: [] }];
  for (const { depth, width } of space.stages) {
    const choices = numbersOf(depth).flatMap((d) => numbersOf(width).map((w) => ({ depth: d, width: w })));
    architectures = architectures.flatMap(({ stages }) => choices.map((choice) => ({ stages: [...stages, choice] })));
  }
  return architectures;
}

export const numbersOf = ({ min, max }: Range) => Array.from({ length: max - min + 1 }, (_, i) => min + i);

/** Bin weights of a stage; not normalised, as a gradient must hold for every weight on its own. */
export function weightsFor(space: SearchSpace): fc.Arbitrary<{ depth: number[]; width: number[] }[]> {
  const weights = (length: number) =>
    fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: length, maxLength: length });
  return fc.tuple(
    ...space.stages.map((stage) =>
      fc.record({ depth: weights(depthBins(stage).length), width: weights(widthBins(stage).length) }),
    ),
  );
}
