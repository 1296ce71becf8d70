export { type JobApi, type JobApis, type JobClients, jobApisOf } from './job-apis.ts';
export { type JobKind, jobKinds, type Resources, resourceTypes, type Specs, specTypes } from './kinds.ts';
export { runToEnd } from './run-to-end.ts';
export { hasEnded, type WatchOptions, watchToEnd } from './watch-to-end.ts';
