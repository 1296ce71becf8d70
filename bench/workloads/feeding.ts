/*
 * What batches cost the thread that trains the narrowest network of P1: made by itself, and got from a feed that has made them meanwhile.
 * Argument: repeats (default 40). Prints the shortest times in milliseconds: where all cores are busy, waking a thread may cost the one
 * that wakes it its turn.
 */
import { setImmediate } from 'node:timers/promises';
import { type BatchSource, batchIndices, startFeed, trainingBatch } from '@nss/datasets';
import { weightStep } from '@nss/supernet';
import { openEngine } from '@nss/tensor';
import { fixedNetwork, networkWidths, sgd } from './fixed-networks.ts';

const IMAGES = 50_000;
const SIDE = 32;
const UNTIMED = 5;

const repeats = Number(process.argv[2] ?? 40);
const source: BatchSource = {
  train: {
    images: new Uint8Array(new SharedArrayBuffer(IMAGES * SIDE * SIDE * 3)).map((_, i) => (37 * i) & 255),
    labels: new Uint8Array(new SharedArrayBuffer(IMAGES)),
    count: IMAGES,
    height: SIDE,
    width: SIDE,
  },
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  batchSize: 64,
  augmentation: { padding: 4, flip: true },
  seed: 0,
};
const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
const { architecture, network } = fixedNetwork(kernels, networkWidths[0]);
const feed = startFeed(source, (error) => {
  throw error;
});

const times = { made: [] as number[], taken: [] as number[], order: [] as number[] };
for (let i = 0; i < repeats + UNTIMED; i++) {
  const made = timed(() => trainingBatch(source, 'all', i));
  const taken = timed(() => feed.batch('weights', i));
  for (const { value } of [made, taken]) weightStep(kernels, network, value, architecture, sgd);
  // As a trainer does between commands: the thread's messages are heard.
  await setImmediate();
  if (i < UNTIMED) continue;
  times.made.push(made.ms);
  times.taken.push(taken.ms);
}
for (let seed = 1; seed <= 10; seed++) {
  times.order.push(timed(() => batchIndices(IMAGES / 2, source.batchSize, seed, 'weights', 0)).ms);
}
await feed.close();
network.close();
console.log(
  JSON.stringify(Object.fromEntries(Object.entries(times).map(([what, values]) => [what, Math.min(...values)]))),
);

function timed<T>(work: () => T): { value: T; ms: number } {
  const start = performance.now();
  const value = work();
  return { value, ms: performance.now() - start };
}
