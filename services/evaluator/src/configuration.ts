import { listenAddress, natsConfiguration, wholeNumber } from '@nss/runtime';
import { z } from 'zod';

/** The environment of the evaluator. */
export const configuration = z.object({
  ...natsConfiguration,
  /** host:port to serve gRPC on. */
  NSS_LISTEN: listenAddress,
  /** Work that is lost at most when a trainer or this process dies. */
  NSS_CHECKPOINT_SECONDS: wholeNumber(0, 86_400).default(60),
  /** The same in iterations: whichever comes first. */
  NSS_CHECKPOINT_STEPS: wholeNumber(1, 1_000_000_000).default(1_000_000_000),
  /** Super networks, and evaluations, that one replica works on, or waits for a trainer for, at the same time. */
  NSS_CONCURRENCY: wholeNumber(1, 1_000).default(16),
  /** How long a worker may be silent before its jobs go to another one. */
  NSS_ACK_WAIT_SECONDS: wholeNumber(1, 3_600).default(30),
  /** Milliseconds that calls get to finish in after SIGTERM. */
  NSS_SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000).default(10_000),
});
