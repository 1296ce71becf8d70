export type { JobCloudEvent } from './cloud-event.ts';
export { type CreateJob, type JobChange, type Jobs, openJobs } from './jobs.ts';
export {
  CAMPAIGNS,
  EVALUATIONS,
  type Job,
  type JobKind,
  NAS_RUNS,
  SEARCHES,
  SUPER_NETWORKS,
  TRAININGS,
  WARMUPS,
} from './kinds.ts';
export { JOB_METRICS } from './metrics.ts';
export { type Page, type PageRequest, pageSizeOf } from './pages.ts';
export type { ProgressReport } from './progress.ts';
export { type RunJobs, runJobs } from './run-jobs.ts';
export type { RunningJob } from './running-job.ts';
export { jobService, type Validate } from './service.ts';
export { isEnded, tenantOf } from './states.ts';
