import { type Part, rowOf } from './part.ts';

type Channels = { channels: number; convolution: number; batchNormRelu: number; batchNormGradient: number };

/** P1-channels: what a layer's kernels cost at widths that they like and at others; one thread. */
export const channels: Part = {
  id: 'P1-channels',
  what: 'kernels of one layer by the number of channels',
  async measure({ workload }) {
    const found = await workload<Channels[]>('channels', [], { threads: 1 });
    return found.flatMap(({ channels, ...times }) =>
      Object.entries(times).map(([kernel, time]) =>
        rowOf(`P1-channels/${channels}/${kernel}`, `${kernel}, ${channels} channels, 64 images of 16x16`, time, 'us'),
      ),
    );
  },
};
