export { experiments, experimentsNamed } from './catalogue.ts';
export { type Context, contextOf } from './context.ts';
export { estimator, type KindEstimate, summarize } from './estimate.ts';
export type { Analysis, Experiment } from './experiment.ts';
export { type Finding, paragraphOf, type Verdict } from './finding.ts';
export type { JobNode } from './job-node.ts';
export { type Outcome, Outcomes } from './outcomes.ts';
export { openResults, type Provenance, type ResultsFolder, trainerSecondsOf } from './results-folder.ts';
export { type JobRunner, type RunEvents, runJobs } from './run-jobs.ts';
export { type Scale, scales } from './scale.ts';
export { type Plan, planJobs } from './schedule.ts';
export {
  costsOf,
  evaluationWork,
  type Frame as WorkFrame,
  nasWork,
  searchWork,
  superNetworkWork,
  trainingWork,
  warmupWork,
} from './work.ts';
export { type MissingJob, missingJobs, writeExperiment } from './write-experiment.ts';
