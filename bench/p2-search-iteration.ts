import { type Part, rowOf } from './part.ts';
import { interleave, median, speedup } from './side-by-side.ts';

/** Mean times of a side's iterations. */
type Timed = { theta_ms: number; weight_ms: number; iteration_ms: number };

const ROUNDS = 5;
/** Iterations of a round and side; networks are drawn anew in every round. */
const ITERATIONS = 30;
/** The temperature at which the peer's `iterate` computes: half of the first one. */
const TEMPERATURE = 2.5;

/** P2: a theta step and a weight step at `small`, theta even, networks of weight steps uniform. */
export const searchIteration: Part = {
  id: 'P2',
  what: 'search iteration at small, against the peer with masked and with sliced weight steps',
  async measure({ peer, workload, notice }) {
    if (!peer) {
      notice('P2 is left out: it is measured against the peer.');
      return [];
    }
    const rows = [];
    for (const [weights, atLeast] of [
      ['masked', 3],
      ['sliced', 1.2],
    ] as const) {
      const found = await interleave(
        ROUNDS,
        async (round) =>
          timesOf(await workload<Timed[]>('search-iterations', [ITERATIONS, round, TEMPERATURE], { threads: 2 })),
        async (round) => timesOf(await peer.lines<Timed>(argumentsOf(weights, round), 2)),
      );
      for (const [name, times] of found) {
        const id = `P2/${weights}/${name}`;
        const what = `${name} at small, temperature ${TEMPERATURE}, 2 threads: speed against the peer, ${weights}`;
        rows.push(rowOf(id, what, speedup(times), 'x', name === 'iteration' ? { atLeast } : undefined));
        rows.push(rowOf(`${id}/ms`, 'the same, time', median(times.ours), 'ms'));
      }
    }
    return rows;
  },
};

const argumentsOf = (weights: string, seed: number) => [
  ...['iterate', '--weights', weights, '--repeats', ITERATIONS, '--seed', seed],
];

const timesOf = ([{ theta_ms, weight_ms, iteration_ms }]: readonly Timed[]) =>
  new Map([
    ['theta step', theta_ms],
    ['weight step', weight_ms],
    ['iteration', iteration_ms],
  ]);
