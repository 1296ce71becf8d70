import { type Part, rowOf } from './part.ts';
import { interleave, median, speedup } from './side-by-side.ts';

type Timed = { iteration_ms: number };

const ROUNDS = 5;
const ITERATIONS = 20;
const TEMPERATURE = 2.5;

/**
 * P8: whether two cores are two cores. Searches do not share a trainer, they take turns: four searches on one trainer take as long as
 * four times one, on two trainers as long as two times the slower of two that run side by side.
 */
export const twoTrainers: Part = {
  id: 'P8',
  what: 'four searches on one trainer with one thread against two such trainers',
  async measure({ workload }) {
    const search = async (seed: number) => {
      const [{ iteration_ms }] = await workload<Timed[]>(
        'search-iterations',
        [ITERATIONS, seed, 'gumbel-softmax', TEMPERATURE],
        {
          threads: 1,
        },
      );
      return iteration_ms;
    };
    const found = await interleave(
      ROUNDS,
      async (round) => new Map([['time', 2 * Math.max(...(await Promise.all([search(round), search(round)])))]]),
      async (round) => new Map([['time', 4 * (await search(round))]]),
    );
    const times = found.get('time') ?? { ours: [], theirs: [] };
    return [
      rowOf('P8', 'four searches: time on one trainer with one thread against two of them', speedup(times), 'x', {
        atLeast: 1.9,
      }),
      rowOf('P8/ms', 'the same, an iteration on one trainer', median(times.theirs) / 4, 'ms'),
    ];
  },
};
