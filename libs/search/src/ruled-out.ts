import { spaceCost } from '@nss/cost';
import { type InputShape, type SearchSpace, spaceOfBins } from '@nss/space';
import { type Bins, type BinValues, probabilitiesOf } from './theta.ts';

/** One truth per bin of the whole search space, stage by stage. */
export type BinFlags = readonly { readonly depth: readonly boolean[]; readonly width: readonly boolean[] }[];

/** Far below any logit that training reaches: exp(LEFT_OUT) is zero. Finite, because states go through JSON. */
const LEFT_OUT = -1_000;

/**
 * The bins that the target rules out: the cheapest space with such a bin costs more than the target on average. The bins of the cheapest space
 * of all never are, whatever the target.
 */
export function ruledOutBins(space: SearchSpace, input: InputShape, bins: Bins, targetMultiplyAdds: number): BinFlags {
  const cheapest = bins.map(() => ({ depth: 0, width: 0 }));
  const isRuledOut = (stage: number, bin: { depth?: number; width?: number }) => {
    const draw = cheapest.with(stage, { ...cheapest[stage], ...bin });
    return spaceCost(space, input, spaceOfBins(space, draw)) > targetMultiplyAdds;
  };
  return bins.map((stage, i) => ({
    depth: stage.depth.map((_, depth) => depth > 0 && isRuledOut(i, { depth })),
    width: stage.width.map((_, width) => width > 0 && isRuledOut(i, { width })),
  }));
}

/**
 * The logits, without a bin that is ruled out and has become more probable than all others of its variable together: it gets the probability
 * zero, for good. What a softmax has decided hardly moves any more, so theta would stay at such a bin and miss the target, however much the
 * cost then counts.
 */
export function withoutRuledOut(logits: BinValues, ruledOut: BinFlags): BinValues {
  const probabilities = probabilitiesOf(logits);
  const leaveOut = (i: number, variable: 'depth' | 'width') =>
    logits[i][variable].map((logit, k) => {
      // Adam's weight decay would bring it back, a little with every step.
      const isLeftOut = logit < LEFT_OUT / 2;
      return ruledOut[i][variable][k] && (isLeftOut || probabilities[i][variable][k] > 0.5) ? LEFT_OUT : logit;
    });
  return logits.map((_, i) => ({ depth: leaveOut(i, 'depth'), width: leaveOut(i, 'width') }));
}
