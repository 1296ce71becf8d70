/*
 * Times training steps of one fixed network, two blocks of 64 channels a stage on 16x16 images but for one quantity. Arguments: which
 * one, its value. Prints the median of ten steps.
 */
import { openEngine } from '@nss/tensor';
import { median } from '../side-by-side.ts';
import { batchOfNoise, fixedNetwork, stepTimes } from './fixed-networks.ts';

/** What a network and its batch are made of. */
export type StepsOf = { imageSize: number; width: number; depth: number };

const REPEATS = 10;

const [name, value] = process.argv.slice(2);
const usual: StepsOf = { imageSize: 16, width: 64, depth: 2 };
const { imageSize, width, depth } = Object.assign(usual, { [name]: Number(value) });
const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
const fixed = fixedNetwork(kernels, [width, width, width], { depth, imageSize });
const median_ms = median(stepTimes(kernels, fixed, batchOfNoise(imageSize), REPEATS));
fixed.network.close();
console.log(JSON.stringify([{ median_ms }]));
