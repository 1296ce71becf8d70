import type { Architecture } from '@nss/space';

/** One block that all architectures below it share, with everything before it. */
export type Branch = {
  /** Counted from 0, as `block` is within the stage. */
  readonly stage: number;
  readonly block: number;
  readonly width: number;
  /** Which of the architectures end with this block. */
  readonly ends: number[];
  /** First blocks of the next stage, by width. */
  readonly next: Map<number, Branch>;
  /** The next block of the same stage. */
  deeper?: Branch;
};

/**
 * Architectures as paths of blocks, from the first stage's first blocks, by width: those that agree on their first stages share the
 * path that far, and within a stage the shallower ones end on the way of the deeper ones.
 */
export function prefixTree(architectures: readonly Architecture[]): Map<number, Branch> {
  const roots = new Map<number, Branch>();
  for (const [index, { stages }] of architectures.entries()) {
    let first = roots;
    let last: Branch | undefined;
    for (const [stage, { depth, width }] of stages.entries()) {
      let branch = first.get(width) ?? newBranch(stage, 0, width);
      first.set(width, branch);
      for (let block = 1; block < depth; block++) {
        branch.deeper ??= newBranch(stage, block, width);
        branch = branch.deeper;
      }
      first = branch.next;
      last = branch;
    }
    last?.ends.push(index);
  }
  return roots;
}

const newBranch = (stage: number, block: number, width: number): Branch => ({
  stage,
  block,
  width,
  ends: [],
  next: new Map(),
});
