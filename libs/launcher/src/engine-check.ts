// Opens the engine as a trainer would, tests it, and prints what it found as JSON. A process of its own: a native library
// that does not fit the machine may end the process that loads it.
import { openEngine, selfTest } from '@nss/tensor';
import { z } from 'zod';

const { NSS_ENGINE, NSS_TRAINER_THREADS } = z
  .object({ NSS_ENGINE: z.enum(['tensorflow', 'wasm']).optional(), NSS_TRAINER_THREADS: z.coerce.number() })
  .parse(process.env);

const engine = await openEngine({ kind: NSS_ENGINE, threads: NSS_TRAINER_THREADS });
const results = await selfTest(engine.kernels);
process.stdout.write(JSON.stringify({ description: engine.description, warning: engine.warning, results }));
process.exit(0);
