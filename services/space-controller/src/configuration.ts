import { address, natsConfiguration, serverConfiguration, workerConfiguration } from '@nss/runtime';
import { z } from 'zod';

/** The environment of the space-controller. */
export const configuration = z.object({
  ...serverConfiguration,
  ...natsConfiguration,
  ...workerConfiguration,
  /** Where campaigns create their jobs; the controller's own kinds at any of its replicas. */
  NSS_SPACE_CONTROLLER_ADDRESS: address,
  NSS_EVALUATOR_ADDRESS: address,
  NSS_NAS_RUNNER_ADDRESS: address,
  NSS_FLOPS_ESTIMATOR_ADDRESS: address,
  /** Commit of this software, for reports. */
  NSS_COMMIT: z.string().optional(),
});
