import { presetOf } from '@nss/campaign';
import { type Part, rowOf } from './part.ts';
import { interleave, median, speedup } from './side-by-side.ts';

/** The last line of both sides. */
type Searched = { elite?: { seconds: number; deviation: number } };

const ROUNDS = 2;
const THREADS = 2;

/**
 * P2-search: whole searches for 8 million multiply-adds at `small`, warmup included. Here the temperature falls and theta
 * settles, so that theta steps get cheaper than P2 has them.
 */
export const wholeSearch: Part = {
  id: 'P2-search',
  what: 'whole searches at small, against the peer with masked and with sliced weight steps',
  async measure({ peer, workload, notice }) {
    if (!peer) {
      notice('P2-search is left out: it is measured against the peer.');
      return [];
    }
    const { epochs } = presetOf('small').search.weights;
    const rows = [];
    for (const weights of ['masked', 'sliced']) {
      const found = await interleave(
        ROUNDS,
        async (round) => resultOf(await workload<Searched[]>('whole-search', [round, epochs], { threads: THREADS })),
        async (round) => resultOf(await peer.lines<Searched>(argumentsOf(weights, round, epochs), THREADS)),
      );
      const [seconds, deviation] = ['seconds', 'deviation'].map((name) => found.get(name) ?? { ours: [], theirs: [] });
      const id = `P2-search/${weights}`;
      rows.push(
        rowOf(id, `whole search, ${THREADS} threads: speed against the peer, ${weights}`, speedup(seconds), 'x'),
      );
      rows.push(rowOf(`${id}/seconds`, 'the same, time', median(seconds.ours), 's'));
      rows.push(rowOf(`${id}/deviation`, 'the same, distance from the target', 100 * median(deviation.ours), '%'));
    }
    return rows;
  },
};

/** The peer's search with the settings of the preset. */
function argumentsOf(weights: string, seed: number, epochs: number): (string | number)[] {
  const { theta } = presetOf('small').search;
  return [
    ...['search', '--weights', weights, '--seed', seed, '--epochs', epochs],
    ...['--lam', theta.lambda, '--theta-lr', theta.adam.learningRate],
  ];
}

function resultOf(lines: readonly Searched[]): Map<string, number> {
  const { elite } = lines[lines.length - 1];
  if (!elite) throw new Error('the search did not say what it found');
  return new Map([
    ['seconds', elite.seconds],
    ['deviation', Math.abs(elite.deviation)],
  ]);
}
