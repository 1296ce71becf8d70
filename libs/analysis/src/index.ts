export {
  type BootstrapOptions,
  bootstrapKendallTau,
  bootstrapMeanDifference,
  bootstrapPairedDifference,
  bootstrapStatistic,
  type Estimate,
  type Groups,
  meanOfGroups,
  type Pair,
} from './bootstrap.ts';
export { type CostAndError, distancesToFront, hypervolume, paretoFront } from './front.ts';
export { type Edf, edf, kendallTau, mean, quantile, standardDeviation, wilsonInterval } from './statistics.ts';
