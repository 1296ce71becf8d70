import { natsConfiguration, serverConfiguration, workerConfiguration } from '@nss/runtime';
import { z } from 'zod';

/** The environment of the nas-runner. */
export const configuration = z.object({ ...serverConfiguration, ...natsConfiguration, ...workerConfiguration });
