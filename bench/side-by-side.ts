/** One quantity of both sides in every round. */
export type Rounds = { readonly ours: readonly number[]; readonly theirs: readonly number[] };

/**
 * Measures two sides in turn, so that a machine that drifts drifts for both, and changes who goes first from round to round.
 * Every side gives named quantities; those that both have are returned.
 */
export async function interleave(
  rounds: number,
  ours: (round: number) => Promise<Map<string, number>>,
  theirs: (round: number) => Promise<Map<string, number>>,
): Promise<Map<string, Rounds>> {
  const found = new Map<string, { ours: number[]; theirs: number[] }>();
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
    for (const side of order) {
      for (const [name, value] of await (side === 'ours' ? ours : theirs)(round)) {
        if (!found.has(name)) found.set(name, { ours: [], theirs: [] });
        found.get(name)?.[side].push(value);
      }
    }
  }
  return new Map([...found].filter(([, { ours, theirs }]) => ours.length === theirs.length));
}

/** How many times faster we are: the median over rounds of their time through ours. */
export function speedup({ ours, theirs }: Rounds): number {
  return median(ours.map((time, round) => theirs[round] / time));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
