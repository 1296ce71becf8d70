import { type Part, rowOf } from './part.ts';
import { interleave, median, speedup } from './side-by-side.ts';
import { peerSearch } from './workloads/peer-search.ts';

/** The last line of both sides. */
type Searched = { elite?: { seconds: number; deviation: number } };

/** A search has 780 iterations. */
const ROUNDS = 1;
const THREADS = 2;

/**
 * P2-search: whole searches for 8 million multiply-adds in the search space of `small`, warmup included, both by Gumbel-Softmax mixtures. Here the
 * temperature falls and theta settles, so that theta steps get cheaper than P2 has them.
 */
export const wholeSearch: Part = {
  id: 'P2-search',
  what: 'whole searches at small, against the peer with masked and with sliced weight steps',
  async measure({ peer, workload, notice }) {
    if (!peer) {
      notice('P2-search is left out: it is measured against the peer.');
      return [];
    }
    const rows = [];
    for (const weights of ['masked', 'sliced']) {
      const found = await interleave(
        ROUNDS,
        async (round) => resultOf(await workload<Searched[]>('whole-search', [round], { threads: THREADS })),
        async (round) => resultOf(await peer.lines<Searched>(argumentsOf(weights, round), THREADS)),
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

/** The peer's search with the same settings; what is not said is its default, and the same. */
function argumentsOf(weightSteps: string, seed: number): (string | number)[] {
  const { weights, theta, targetMultiplyAdds } = peerSearch;
  return [
    ...['search', '--weights', weightSteps, '--seed', seed, '--target', targetMultiplyAdds],
    ...['--epochs', weights.epochs, '--warmup', weights.warmupFraction],
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
