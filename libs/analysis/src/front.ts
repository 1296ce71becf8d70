/** An architecture as both objectives see it; less of either is better. */
export type CostAndError = { readonly cost: number; readonly error: number };

/**
 * The empirical Pareto front: indices of the points that no other point beats, by ascending cost. A point beats another when
 * it is no worse in both and better in one; of equal points the first stands for all.
 */
export function paretoFront(points: readonly CostAndError[]): number[] {
  const order = Array.from(points.keys()).sort(
    (a, b) => points[a].cost - points[b].cost || points[a].error - points[b].error || a - b,
  );
  const front: number[] = [];
  let lowest = Number.POSITIVE_INFINITY;
  for (const index of order) {
    if (points[index].error >= lowest) continue;
    lowest = points[index].error;
    front.push(index);
  }
  return front;
}

/**
 * Area between the front of `points` and a reference point that is worse than all worth counting: larger is better. Points
 * that are not better than the reference in both add nothing.
 */
export function hypervolume(points: readonly CostAndError[], reference: CostAndError): number {
  const inside = points.filter(({ cost, error }) => cost < reference.cost && error < reference.error);
  let volume = 0;
  let ceiling = reference.error;
  for (const index of paretoFront(inside)) {
    const { cost, error } = inside[index];
    volume += (reference.cost - cost) * (ceiling - error);
    ceiling = error;
  }
  return volume;
}

/**
 * How much more error than the front each point makes at its cost: its error minus the lowest error among `front` points that cost
 * no more. Negative when the point beats the front, NaN when no front point is as cheap. `front` may hold any points; only
 * its own Pareto front counts.
 */
export function distancesToFront(points: readonly CostAndError[], front: readonly CostAndError[]): Float64Array {
  const steps = paretoFront(front).map((index) => front[index]);
  return Float64Array.from(points, ({ cost, error }) => {
    const above = steps.findIndex((step) => step.cost > cost);
    const at = above === -1 ? steps.length - 1 : above - 1;
    return at < 0 ? Number.NaN : error - steps[at].error;
  });
}
