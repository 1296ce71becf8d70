import { parseSpace } from '@nss/space';
import type { ExportedSpace } from '../src/index.ts';

/** Two stages of different strides, one range of a single number. */
export const exported: ExportedSpace = {
  space: parseSpace('1..2x9..16-3x1..8'),
  searchSpace: {
    stemWidth: 4,
    stages: [1, 2].map((stride) => ({
      stride,
      depth: { min: 1, max: 4 },
      width: { min: 1, max: 16 },
      depthBinSize: 1,
      widthBinSize: 4,
    })),
  },
  // An odd side, so that strides round.
  input: { height: 15, width: 15, channels: 3, classes: 10 },
  targetMultiplyAdds: 500_000,
  source: 'campaigns/small, 0.5 MF, seed 0',
};
