import { serverConfiguration } from '@nss/runtime';
import { z } from 'zod';

/** The environment of the flops-estimator. */
export const configuration = z.object(serverConfiguration);
