import { type Part, rowOf } from './part.ts';

type StepKernels = { widths: number[]; milliseconds: Record<string, number> };

/** Less than this share of a step is not worth a row. */
const SMALLEST = 0.005;

/** P1-kernels: where a training step spends its time, and what a second thread brings to each kernel. */
export const stepKernels: Part = {
  id: 'P1-kernels',
  what: 'kernels of a training step, with one and with two threads',
  async measure({ workload }) {
    const [single, double] = [
      await workload<StepKernels[]>('step-kernels', [], { threads: 1 }),
      await workload<StepKernels[]>('step-kernels', [], { threads: 2 }),
    ];
    return single.flatMap(({ widths, milliseconds }, network) =>
      Object.entries(milliseconds)
        .filter(([, time]) => time > SMALLEST * milliseconds.together)
        .flatMap(([kernel, time]) => {
          const id = `P1-kernels/${widths.join('-')}/${kernel}`;
          const two = double[network].milliseconds[kernel];
          return [
            rowOf(`${id}/1`, `${kernel} in a step of ${widths}, 1 thread`, time, 'ms'),
            rowOf(`${id}/2`, 'the same, 2 threads', two, 'ms'),
            rowOf(`${id}/gain`, 'the same, what the second thread brings', time / two, 'x'),
          ];
        }),
    );
  },
};
