import { address, serverConfiguration, transportConfiguration } from '@nss/runtime';
import { z } from 'zod';

const { NSS_LISTEN, NSS_METRICS_LISTEN, NSS_SHUTDOWN_GRACE_MS } = serverConfiguration;

/** The environment of the platform-adapter. */
export const configuration = z.object({
  /** Served in plain text, whatever the mesh speaks: Katib and Vizier know nothing else. */
  NSS_LISTEN,
  NSS_METRICS_LISTEN,
  NSS_SHUTDOWN_GRACE_MS,
  /** For the mesh. */
  ...transportConfiguration,
  /** Where campaigns and searches are. */
  NSS_SPACE_CONTROLLER_ADDRESS: address,
  /** Token (JWT) to show to a mesh that asks for one; campaigns belong to its tenant. */
  NSS_TOKEN: z.string().optional(),
});
