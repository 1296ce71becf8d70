/*
 * Times training steps of one fixed network, two blocks of 64 channels a stage on 16x16 images but for one quantity. Arguments: which
 * one, its value. Prints the median of ten steps.
 */
import { weightStep } from '@nss/supernet';
import { openEngine } from '@nss/tensor';
import { median } from '../side-by-side.ts';
import { batchOfNoise, fixedNetwork, sgd } from './fixed-networks.ts';

/** What a network and its batch are made of. */
export type StepsOf = { imageSize: number; width: number; depth: number };

const REPEATS = 10;

const [name, value] = process.argv.slice(2);
const usual: StepsOf = { imageSize: 16, width: 64, depth: 2 };
const { imageSize, width, depth } = Object.assign(usual, { [name]: Number(value) });
const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
const { architecture, network } = fixedNetwork(kernels, [width, width, width], { depth, imageSize });
const batch = batchOfNoise(imageSize);
const times: number[] = [];
for (let i = 0; i < REPEATS + 2; i++) {
  const start = performance.now();
  weightStep(kernels, network, batch, architecture, sgd);
  times.push(performance.now() - start);
}
network.close();
console.log(JSON.stringify([{ median_ms: median(times.slice(2)) }]));
