import { BUS_METRICS } from '@nss/bus';
import { JOB_METRICS } from '@nss/jobs';
import { RPC_METRICS } from '@nss/rpc';
import type { Metric } from '@nss/runtime';
import { SEARCH_METRICS } from '@nss/trainer-jobs';
import { LEASE_METRICS } from '@nss/trainers';
import { TRAINER_METRICS } from '../../services/supernet-trainer/src/metrics.ts';

/** Every metric of the mesh. */
export const metrics: readonly Metric[] = [
  RPC_METRICS,
  BUS_METRICS,
  JOB_METRICS,
  LEASE_METRICS,
  SEARCH_METRICS,
  TRAINER_METRICS,
].flatMap((catalogue): Metric[] => Object.values(catalogue));
