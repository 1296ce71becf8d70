import type { Random } from './random.ts';
import type { Architecture, NetworkSpace } from './space.ts';

/** An architecture drawn uniformly from a space. */
export function drawArchitecture(random: Random, space: NetworkSpace): Architecture {
  return {
    stages: space.stages.map(({ depth, width }) => ({
      depth: random.integer(depth.min, depth.max),
      width: random.integer(width.min, width.max),
    })),
  };
}
