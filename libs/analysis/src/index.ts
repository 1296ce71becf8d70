export { bootstrapMeanDifference } from './bootstrap.ts';
export { type CostAndError, distancesToFront, distanceToFront, hypervolume, paretoFront } from './front.ts';
export { type Edf, edf, kendallTau, mean, quantile, standardDeviation } from './statistics.ts';
