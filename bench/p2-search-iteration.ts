import { type Part, rowOf } from './part.ts';
import { interleave, median, speedup } from './side-by-side.ts';

/** Mean times of a side's iterations. */
type Timed = { theta_ms: number; weight_ms: number; iteration_ms: number };

const ROUNDS = 5;
const THREADS = 2;
/** Iterations of a round and side; networks are drawn anew in every round. */
const ITERATIONS = 30;
/** The temperature at which the peer's `iterate` computes: half of the first one. */
const TEMPERATURE = 2.5;

/**
 * P2: a theta step and a weight step at `small`, theta even, networks of weight steps uniform. Both sides estimate theta's gradient by
 * Gumbel-Softmax mixtures; what the preset's own estimator takes stands beside it.
 */
export const searchIteration: Part = {
  id: 'P2',
  what: 'search iteration at small, against the peer with masked and with sliced weight steps',
  async measure({ peer, workload, notice }) {
    const ours = async (estimator: string, round: number) =>
      timesOf(
        await workload<Timed[]>('search-iterations', [ITERATIONS, round, estimator, TEMPERATURE], { threads: THREADS }),
      );
    const rows = [];
    for (const [name, time] of await ours('score-function', 0)) {
      rows.push(
        rowOf(`P2/score-function/${name}`, `${name} at small by the score function, ${THREADS} threads`, time, 'ms'),
      );
    }
    if (!peer) {
      notice('P2: what is measured against the peer is left out.');
      return rows;
    }
    for (const [weights, atLeast] of [
      ['masked', 3],
      ['sliced', 1.2],
    ] as const) {
      const found = await interleave(
        ROUNDS,
        (round) => ours('gumbel-softmax', round),
        async (round) => timesOf(await peer.lines<Timed>(argumentsOf(weights, round), THREADS)),
      );
      for (const [name, times] of found) {
        const id = `P2/${weights}/${name}`;
        const what = `${name} at small, temperature ${TEMPERATURE}, ${THREADS} threads: speed against the peer, ${weights}`;
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
