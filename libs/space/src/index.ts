export { type Block, type BlockType, blockOf, blockTypes } from './block.ts';
export { drawArchitecture } from './draw.ts';
export { type ImageSizes, imageSizes } from './image-size.ts';
export type { MixtureGradient, StageMixture } from './mixture.ts';
export { drawGumbel, drawIndex, drawNormal, drawPermutation, type Random, randomOf } from './random.ts';
export {
  type Architecture,
  architectureSearchSpace,
  containsArchitecture,
  containsSpace,
  countArchitectures,
  depthBins,
  type InputShape,
  largestArchitecture,
  meanOf,
  type NetworkSpace,
  type Range,
  type SearchSpace,
  type StageArchitecture,
  type StageBins,
  type StageRanges,
  type StageSpace,
  singleArchitectureSpace,
  sizeOf,
  smallestArchitecture,
  spaceOfBins,
  wholeSpace,
  widthBins,
} from './space.ts';
export { formatArchitecture, formatSpace, parseArchitecture, parseSpace, SpaceSyntaxError } from './text.ts';
export { formatMultiplyAdds, targetLabel } from './units.ts';
