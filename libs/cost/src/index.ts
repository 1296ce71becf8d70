export { architectureCost, architectureParameters, costFunction, costRange, costsOf } from './architecture.ts';
export { type Certificate, certify, shareNearTarget } from './certificate.ts';
export { type BinGradient, type BinWeights, distributionCost, spaceCost } from './distribution.ts';
