import type { Architecture, NetworkSpace, SearchSpace } from '@nss/space';
import type * as message from './gen/nss/v1/space.ts';

/*
 * Messages own their arrays, domain values are read-only: these copy. An InputShape or a CheckedDatasetSpec is a valid
 * message as it is.
 */

export function fromSearchSpace(space: SearchSpace): message.SearchSpace {
  return {
    block: space.block,
    stemWidth: space.stemWidth,
    stages: space.stages.map((stage) => ({ ...stage, depth: { ...stage.depth }, width: { ...stage.width } })),
  };
}

export function fromNetworkSpace(space: NetworkSpace): message.NetworkSpace {
  return { stages: space.stages.map(({ depth, width }) => ({ depth: { ...depth }, width: { ...width } })) };
}

export function fromArchitecture(architecture: Architecture): message.Architecture {
  return { stages: architecture.stages.map(({ depth, width }) => ({ depth, width })) };
}
