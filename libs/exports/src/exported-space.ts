import { costRange, spaceCost } from '@nss/cost';
import type { InputShape, NetworkSpace, Range, SearchSpace } from '@nss/space';

/** A network space on its way out, with all that its networks' shapes and costs depend on. */
export type ExportedSpace = {
  readonly space: NetworkSpace;
  /** Gives the stem, the strides and the type of blocks. */
  readonly searchSpace: SearchSpace;
  readonly input: InputShape;
  /** Multiply-adds that the space was searched for. */
  readonly targetMultiplyAdds?: number;
  /** Where the space comes from, for people: `campaigns/quickstart, 6 MF, seed 0`. */
  readonly source?: string;
};

/** One whole number that other tools choose; `depth2` is the number of blocks of the second stage. */
export type SpaceParameter = { readonly name: string; readonly range: Range };

/** The parameters of a space: `depth1`, `width1`, `depth2`, ... */
export function parametersOf({ stages }: NetworkSpace): SpaceParameter[] {
  return stages.flatMap(({ depth, width }, i) => [
    { name: `depth${i + 1}`, range: depth },
    { name: `width${i + 1}`, range: width },
  ]);
}

/** Mean, least and greatest multiply-adds of the networks of a space. */
export function costOf({ space, searchSpace, input }: ExportedSpace): { mean: number; min: number; max: number } {
  return { mean: spaceCost(searchSpace, input, space), ...costRange(searchSpace, input, space) };
}
