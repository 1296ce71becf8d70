import { type Part, rowOf } from './part.ts';

const GIGABYTE = 1e9;

/** P9: the most memory that a process takes which holds what a trainer holds, one thread. */
export const memory: Part = {
  id: 'P9',
  what: 'memory of a trainer at small, and of one step of the widest network of the paper',
  async measure({ workload }) {
    const rows = [];
    for (const [preset, what, limit] of [
      ['small', 'peak memory at small: steps of the largest network and the whole mixture, an evaluation', 1.5],
      ['paper', 'peak memory at paper: a weight step of the widest and deepest network, 8 images', 16],
    ] as const) {
      const { peakBytes } = await workload<{ peakBytes: number }>('memory', [preset], { threads: 1 });
      rows.push(rowOf(`P9/${preset}`, what, peakBytes / GIGABYTE, 'GB', { atMost: limit }));
    }
    return rows;
  },
};
