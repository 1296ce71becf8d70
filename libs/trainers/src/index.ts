export { type WithTrainer, withGrant, withTrainer, withTrainerRetry } from './lease.ts';
export { LEASE_METRICS } from './metrics.ts';
export { type Leases, type OpenedLease, type ServeLeases, serveLeases } from './queue.ts';
export { type OpenedSession, openSession, type TrainerInfo, type TrainerSession } from './session.ts';
export { TrainerLost } from './trainer-lost.ts';
