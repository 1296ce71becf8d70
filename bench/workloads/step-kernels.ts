/*
 * Times the kernels of training steps of fixed networks, and the same steps as they are, where the kernels of a block run together
 * backward. Prints, for each network, milliseconds of a step by kernel.
 */
import { weightStep } from '@nss/supernet';
import { type Kernels, openEngine } from '@nss/tensor';
import { median } from '../side-by-side.ts';
import { batchOfNoise, fixedNetwork, networkWidths, sgd } from './fixed-networks.ts';

const REPEATS = 10;
const UNTIMED = 2;

const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
const batch = batchOfNoise();
/** Milliseconds of the step that is under way, by kernel. */
const spent = new Map<string, number>();
const oneByOne = { ...timed(kernels), together: (compute: () => void) => compute() };

console.log(
  JSON.stringify(
    networkWidths.map((widths) => {
      const { architecture, network } = fixedNetwork(kernels, widths);
      const times = new Map<string, number[]>();
      const note = (name: string, time: number) => times.set(name, [...(times.get(name) ?? []), time]);
      for (let i = 0; i < REPEATS + UNTIMED; i++) {
        spent.clear();
        const start = performance.now();
        weightStep(oneByOne, network, batch, architecture, sgd);
        const between = performance.now();
        weightStep(kernels, network, batch, architecture, sgd);
        const end = performance.now();
        if (i < UNTIMED) continue;
        note('one by one', between - start);
        note('together', end - between);
        for (const [name, time] of spent) note(name, time);
      }
      network.close();
      return { widths, milliseconds: Object.fromEntries([...times].map(([name, values]) => [name, median(values)])) };
    }),
  ),
);

/** The kernels, whose time is added to `spent`. */
function timed(kernels: Kernels): Kernels {
  const time =
    <Args extends unknown[], Result>(name: string, kernel: (...args: Args) => Result) =>
    (...args: Args): Result => {
      const start = performance.now();
      const result = kernel(...args);
      spent.set(name, (spent.get(name) ?? 0) + performance.now() - start);
      return result;
    };
  const entries = Object.entries(kernels).map(([name, kernel]) => [
    name,
    time(name, kernel as (...args: never[]) => unknown),
  ]);
  return Object.fromEntries(entries);
}
