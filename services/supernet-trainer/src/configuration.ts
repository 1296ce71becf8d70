import { hostname } from 'node:os';
import { defaultCacheDir } from '@nss/datasets';
import { natsConfiguration, serverConfiguration, wholeNumber } from '@nss/runtime';
import { z } from 'zod';

/** The environment of a trainer. */
export const configuration = z.object({
  ...serverConfiguration,
  ...natsConfiguration,
  /** host:port at which holders of leases reach this trainer; default: where it listens, by the machine's name if that is everywhere. */
  NSS_ADVERTISE: z.string().optional(),
  /** Name of this trainer in logs and reports; no two have the same. In containers every process has the same number. */
  NSS_TRAINER_ID: z.string().default(`${hostname()}-${process.pid}`),
  /** Threads of one tensor operation; TensorFlow itself reads TF_NUM_INTRAOP_THREADS and OMP_NUM_THREADS. */
  NSS_TRAINER_THREADS: wholeNumber(1, 1024).default(1),
  /** Forces an engine; default: TensorFlow's native library where it is installed, else WebAssembly. */
  NSS_ENGINE: z.enum(['tensorflow', 'wasm'], { error: 'expected tensorflow or wasm' }).optional(),
  /** Where prepared data sets are kept. */
  NSS_CACHE_DIR: z.string().default(defaultCacheDir()),
  /** Folder or URL with data-set archives and their SHA256SUMS. */
  NSS_DATASET_MIRROR: z.string().optional(),
  /**
   * A computing thread that says nothing for this long while it works on a command hangs: the trainer ends, and the work goes on with
   * another one. Every step, and every batch of an evaluation, is a sign of life.
   */
  NSS_COMMAND_TIMEOUT_SECONDS: wholeNumber(1, 86_400).default(1_800),
  /** A trainer without work for this long exits with code 0; 0 keeps it. For trainers that a queue's length starts. */
  NSS_EXIT_AFTER_IDLE_SECONDS: wholeNumber(0, 86_400).default(0),
});
