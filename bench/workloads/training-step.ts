/*
 * Times training steps of fixed networks. Arguments: repeats (default 10). Prints, for each network, what the peer's `step` prints.
 */
import { openEngine } from '@nss/tensor';
import { median } from '../side-by-side.ts';
import { batchOfNoise, fixedNetwork, networkWidths, stepTimes } from './fixed-networks.ts';

const repeats = Number(process.argv[2] ?? 10);
const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
const batch = batchOfNoise();

const timed = networkWidths.map((widths) => {
  const fixed = fixedNetwork(kernels, widths);
  const times = stepTimes(kernels, fixed, batch, repeats);
  fixed.network.close();
  return { widths, median_ms: median(times), best_ms: Math.min(...times) };
});
console.log(JSON.stringify(timed));
