export { checkBatch, checkTarget, toSettings, toWeightTraining, toWork, type Work } from './spec.ts';
