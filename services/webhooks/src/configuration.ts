import { natsConfiguration, serverConfiguration } from '@nss/runtime';
import { z } from 'zod';

const { NSS_METRICS_LISTEN, NSS_SHUTDOWN_GRACE_MS } = serverConfiguration;

/** The environment of the webhooks. */
export const configuration = z.object({
  ...natsConfiguration,
  NSS_METRICS_LISTEN,
  NSS_SHUTDOWN_GRACE_MS,
  /** The file that says what goes where (see webhooks-file.ts). It holds secrets. */
  NSS_WEBHOOKS_FILE: z.string('expected the path of a YAML file with webhooks'),
});
