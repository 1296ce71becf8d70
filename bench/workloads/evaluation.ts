/*
 * Times the evaluation of architectures of a network space of the `small` preset. Arguments: their text forms, separated by commas, as
 * often as they were drawn; how many of them to measure alone as well. 500 calibration and 2,000 held-out images of 16x16.
 */
import { type Architecture, parseArchitecture, randomOf, type SearchSpace } from '@nss/space';
import { type Batch, evaluateArchitectures, SuperNetwork } from '@nss/supernet';
import { openEngine } from '@nss/tensor';

const [texts, alone] = [process.argv[2].split(','), Number(process.argv[3])];
const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });

const stage = { depth: { min: 1, max: 4 }, width: { min: 1, max: 64 }, depthBinSize: 1, widthBinSize: 4 };
const space: SearchSpace = { stemWidth: 16, stages: [1, 2, 2].map((stride) => ({ stride, ...stage })) };
const input = { height: 16, width: 16, channels: 3, classes: 10 };
const network = new SuperNetwork(kernels, space, input, 0);
const random = randomOf(0, 'images');
const batchOf = (images: number): Batch => ({
  images: Float32Array.from({ length: images * 16 * 16 * 3 }, () => 2 * random.uniform() - 1),
  labels: Int32Array.from({ length: images }, (_, i) => i % 10),
});
const calibration = batchOf(500);
const heldOut = Array.from({ length: 8 }, () => batchOf(250));
const evaluate = (architectures: readonly Architecture[]) =>
  evaluateArchitectures(kernels, network, architectures, calibration, heldOut);

const distinct = [...new Set(texts)];
const architectures = distinct.map(parseArchitecture);
// The engine's first runs choose kernels.
evaluate(architectures.slice(0, 1));

const { value: together, ...all } = timed(() => evaluate(architectures));
let [aloneProcessorSeconds, different] = [0, 0];
const every = architectures.length / alone;
for (let k = 0; k < alone; k++) {
  const i = Math.floor(k * every);
  const { value, processorSeconds } = timed(() => evaluate([architectures[i]]));
  const [result] = value;
  aloneProcessorSeconds += processorSeconds;
  if (result.loss !== together[i].loss || result.errorPercent !== together[i].errorPercent) different++;
}
network.close();
console.log(
  JSON.stringify({
    ...all,
    distinct: distinct.length,
    aloneProcessorSeconds: aloneProcessorSeconds / alone,
    different,
  }),
);

/** Processor time too, of all threads: what else a machine does disturbs it less. */
function timed<T>(run: () => T): { value: T; seconds: number; processorSeconds: number } {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const value = run();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (performance.now() - start) / 1e3, processorSeconds: (user + system) / 1e6 };
}
