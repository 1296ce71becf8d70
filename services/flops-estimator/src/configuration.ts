import { listenAddress, wholeNumber } from '@nss/runtime';
import { z } from 'zod';

/** The environment of the flops-estimator. */
export const configuration = z.object({
  /** host:port to serve gRPC on. */
  NSS_LISTEN: listenAddress,
  /** Milliseconds that calls get to finish in after SIGTERM. */
  NSS_SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000).default(10_000),
});
