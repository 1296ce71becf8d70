/*
 * Times the kernels of one layer at 64 images of 16x16 for several numbers of channels. Prints the best times in microseconds.
 */
import { openEngine, type Tensor } from '@nss/tensor';

const CHANNELS = [7, 8, 13, 16, 30, 32, 37, 40, 48, 61, 64];
const REPEATS = 10;

const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
const waves = (shape: readonly number[]) => {
  const length = shape.reduce((product, n) => product * n, 1);
  return kernels.fromArray(
    Float32Array.from({ length }, (_, i) => Math.sin(i)),
    shape,
  );
};

const rows = CHANNELS.map((channels) => {
  const [x, dy] = [waves([64, 16, 16, channels]), waves([64, 16, 16, channels])];
  const [kernel, scale] = [waves([3, 3, channels, channels]), waves([channels])];
  const batchNorm = (relu: boolean) => {
    const { y, saved } = kernels.batchNorm(x, scale, scale, { relu, statistics: false });
    return [y, ...saved];
  };
  const [y, ...saved] = batchNorm(false);
  const row = {
    channels,
    convolution: best(() => [kernels.conv2d(x, kernel, 1)]),
    batchNormRelu: best(() => batchNorm(true)),
    batchNormGradient: best(() => Object.values(kernels.batchNormGradient(dy, x, scale, saved))),
  };
  for (const tensor of [x, dy, kernel, scale, y, ...saved]) kernels.free(tensor);
  return row;
});
console.log(JSON.stringify(rows));

function best(run: () => readonly Tensor[]): number {
  const times = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    const made = run();
    const time = performance.now() - start;
    for (const tensor of made) kernels.free(tensor);
    return time;
  });
  return 1000 * Math.min(...times);
}
