/*
 * Times training steps of fixed networks. Arguments: repeats (default 10). Prints, for each network, what the peer's `step` prints.
 */
import { weightStep } from '@nss/supernet';
import { openEngine } from '@nss/tensor';
import { median } from '../side-by-side.ts';
import { batchOfNoise, fixedNetwork, networkWidths, sgd } from './fixed-networks.ts';

const repeats = Number(process.argv[2] ?? 10);
const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
const batch = batchOfNoise();

const timed = networkWidths.map((widths) => {
  const { architecture, network } = fixedNetwork(kernels, widths);
  const times: number[] = [];
  for (let i = 0; i < repeats + 2; i++) {
    const start = performance.now();
    weightStep(kernels, network, batch, architecture, sgd);
    times.push(performance.now() - start);
  }
  network.close();
  return { widths, median_ms: median(times.slice(2)), best_ms: Math.min(...times) };
});
console.log(JSON.stringify(timed));
