import type { Iterations, Snapshot } from '@nss/search';

/** The artifact of a search that holds theta over time. */
export const TRAJECTORY_FILE = 'trajectory.json';

export type TrajectoryFile = {
  readonly version: 1;
  readonly iterations: Iterations;
  readonly snapshots: readonly Snapshot[];
};
