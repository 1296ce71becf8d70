import { type Part, rowOf } from './part.ts';
import { interleave, median, speedup } from './side-by-side.ts';

/** What a step of either side took. */
type Timed = { widths: number[]; median_ms: number; gflop_step: number };

const ROUNDS = 5;

/** P1: forward, backward and SGD of fixed networks, two blocks a stage, 64 images of 32x32. */
export const trainingStep: Part = {
  id: 'P1',
  what: 'training step of fixed networks, against PyTorch channels_last',
  async measure({ peer, workload, notice }) {
    if (!peer) {
      notice('P1 is left out: it is measured against the peer.');
      return [];
    }
    const rows = [];
    for (const threads of [2, 1]) {
      const found = await interleave(
        ROUNDS,
        async () => timesOf(await workload<Timed[]>('training-step', [], { threads })),
        async () => timesOf(await peer.lines<Timed>(['step'], threads)),
      );
      for (const [widths, times] of found) {
        const what = `training step ${widths}, ${threads} threads: speed against PyTorch`;
        rows.push(
          rowOf(`P1/${widths}/${threads}`, what, speedup(times), 'x', threads === 2 ? { atLeast: 1 } : undefined),
        );
        rows.push(rowOf(`P1/${widths}/${threads}/ms`, `the same, time of a step`, median(times.ours), 'ms'));
      }
    }
    return rows;
  },
};

const timesOf = (timed: readonly Timed[]) =>
  new Map(timed.map(({ widths, median_ms }) => [widths.join('-'), median_ms]));
