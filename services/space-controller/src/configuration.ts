import { address, listenAddress, natsConfiguration, wholeNumber } from '@nss/runtime';
import { z } from 'zod';

/** The environment of the space-controller. */
export const configuration = z.object({
  ...natsConfiguration,
  /** host:port to serve gRPC on. */
  NSS_LISTEN: listenAddress,
  /** Where campaigns create their jobs; the controller's own kinds at any of its replicas. */
  NSS_SPACE_CONTROLLER_ADDRESS: address,
  NSS_EVALUATOR_ADDRESS: address,
  NSS_NAS_RUNNER_ADDRESS: address,
  NSS_FLOPS_ESTIMATOR_ADDRESS: address,
  /** Work that is lost at most when a trainer or this process dies. */
  NSS_CHECKPOINT_SECONDS: wholeNumber(0, 86_400).default(60),
  /** The same in iterations: whichever comes first. */
  NSS_CHECKPOINT_STEPS: wholeNumber(1, 1_000_000_000).default(1_000_000_000),
  /** Campaigns, and warmups and searches, that one replica works on at the same time. */
  NSS_CONCURRENCY: wholeNumber(1, 1_000).default(16),
  /** How long a worker may be silent before its jobs go to another one. */
  NSS_ACK_WAIT_SECONDS: wholeNumber(1, 3_600).default(30),
  /** Milliseconds that calls get to finish in after SIGTERM. */
  NSS_SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000).default(10_000),
  /** Commit of this software, for reports. */
  NSS_COMMIT: z.string().optional(),
});
