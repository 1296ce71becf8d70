import type { BlockType } from './block.ts';

/** An inclusive range of whole numbers. */
export type Range = { readonly min: number; readonly max: number };

/** Depth (residual blocks) and width (channels) of one stage of a network. */
export type StageArchitecture = { readonly depth: number; readonly width: number };

/** One network. */
export type Architecture = { readonly stages: readonly StageArchitecture[] };

/** Depth range and width range of one stage of a network space. */
export type StageRanges = { readonly depth: Range; readonly width: Range };

/** A set of architectures: per stage one depth range and one width range. */
export type NetworkSpace = { readonly stages: readonly StageRanges[] };

/** One stage of a search space and how it is cut into bins. */
export type StageSpace = StageRanges & {
  /** Stride of the first block of the stage. */
  readonly stride: number;
  /** Depths in one depth bin; divides the number of depths. */
  readonly depthBinSize: number;
  /** Widths in one width bin; divides the number of widths. */
  readonly widthBinSize: number;
};

/** The largest set of architectures considered (the paper's Expanded Search Space), and its bins. */
export type SearchSpace = {
  /** Type of all residual blocks; none means basic. */
  readonly block?: BlockType;
  readonly stemWidth: number;
  readonly stages: readonly StageSpace[];
};

/** What goes into a network and how many classes come out. */
export type InputShape = {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
};

/** One chosen bin per variable of a stage, by index. */
export type StageBins = { readonly depth: number; readonly width: number };

/** How many whole numbers a range holds. */
export const sizeOf = (range: Range): number => range.max - range.min + 1;

/** Mean of a uniform draw from a range. */
export const meanOf = (range: Range): number => (range.min + range.max) / 2;

/** The candidate depth ranges of a stage, smallest first. */
export const depthBins = (stage: StageSpace): Range[] => cut(stage.depth, stage.depthBinSize);

/** The candidate width ranges of a stage, smallest first. */
export const widthBins = (stage: StageSpace): Range[] => cut(stage.width, stage.widthBinSize);

/** The network space that one bin per variable makes. */
export function spaceOfBins(space: SearchSpace, bins: readonly StageBins[]): NetworkSpace {
  return {
    stages: space.stages.map((stage, i) => ({
      depth: binAt(stage.depth, stage.depthBinSize, bins[i].depth),
      width: binAt(stage.width, stage.widthBinSize, bins[i].width),
    })),
  };
}

/** All of a search space, as a network space. */
export function wholeSpace(space: SearchSpace): NetworkSpace {
  return { stages: space.stages.map(({ depth, width }) => ({ depth, width })) };
}

/**
 * The search space of an architecture search inside `space`: the same stages with bins of size one (method section 6).
 */
export function architectureSearchSpace(within: SearchSpace, space: NetworkSpace): SearchSpace {
  return {
    ...within,
    stages: within.stages.map(({ stride }, i) => ({ stride, ...space.stages[i], depthBinSize: 1, widthBinSize: 1 })),
  };
}

/** The search space that holds one architecture only. */
export function singleArchitectureSpace(within: SearchSpace, architecture: Architecture): SearchSpace {
  return architectureSearchSpace(within, {
    stages: architecture.stages.map(({ depth, width }) => ({
      depth: { min: depth, max: depth },
      width: { min: width, max: width },
    })),
  });
}

export function largestArchitecture(space: NetworkSpace): Architecture {
  return { stages: space.stages.map(({ depth, width }) => ({ depth: depth.max, width: width.max })) };
}

export function smallestArchitecture(space: NetworkSpace): Architecture {
  return { stages: space.stages.map(({ depth, width }) => ({ depth: depth.min, width: width.min })) };
}

/** How many architectures a space holds. */
export function countArchitectures(space: NetworkSpace): number {
  return space.stages.reduce((count, { depth, width }) => count * sizeOf(depth) * sizeOf(width), 1);
}

export function containsArchitecture(space: NetworkSpace, architecture: Architecture): boolean {
  return (
    architecture.stages.length === space.stages.length &&
    space.stages.every(
      ({ depth, width }, i) =>
        within(depth, architecture.stages[i].depth) && within(width, architecture.stages[i].width),
    )
  );
}

/** Whether every architecture of `inner` is in `outer`. */
export function containsSpace(outer: NetworkSpace, inner: NetworkSpace): boolean {
  return (
    inner.stages.length === outer.stages.length &&
    containsArchitecture(outer, smallestArchitecture(inner)) &&
    containsArchitecture(outer, largestArchitecture(inner))
  );
}

const within = (range: Range, value: number) => value >= range.min && value <= range.max;

const binAt = (range: Range, size: number, index: number): Range => ({
  min: range.min + index * size,
  max: range.min + (index + 1) * size - 1,
});

const cut = (range: Range, size: number): Range[] =>
  Array.from({ length: sizeOf(range) / size }, (_, j) => binAt(range, size, j));
