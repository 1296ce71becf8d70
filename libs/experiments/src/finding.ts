import type { Estimate } from '@nss/analysis';
import { formatNumber, listOf } from '@nss/report';

/** What an experiment says about a claim of the paper, or about one of its own. */
export type Finding = {
  readonly claim: string;
  /** What was found, with its 95% interval where there is one. */
  readonly found: string;
  readonly estimate?: Estimate;
  /** Whether the claim held at the scale of the experiment. */
  readonly held: Verdict;
  /** Why it is undecided, where it is. */
  readonly because?: string;
  /** Seeds that the finding rests on. */
  readonly seeds: readonly number[];
  /** What the paper says, where it is known here. */
  readonly paper?: string;
};

export type Verdict = true | false | 'undecided';

/** A claim that something is more than `threshold`, and what was measured. */
export type Measured = {
  readonly claim: string;
  /** Begins the sentence that says what was found: "the mean difference is". */
  readonly what: string;
  readonly unit: string;
  readonly digits?: number;
  readonly estimate: Estimate;
  readonly seeds: readonly number[];
  /** 0 unless told. */
  readonly threshold?: number;
  readonly paper?: string;
};

/** Fewer seeds than these cannot carry a claim. */
const fewestSeeds = 3;

/**
 * Judges a claim by its interval: it held when the whole interval lies above the threshold, did not when the whole lies below, and is
 * undecided between, or with fewer than three seeds.
 */
export function judge({ claim, what, unit, digits = 2, estimate, seeds, threshold = 0, paper }: Measured): Finding {
  const { low, high } = estimate;
  if (Number.isNaN(estimate.estimate)) {
    return {
      claim,
      found: 'nothing was found to judge it by',
      held: 'undecided',
      because: 'results are missing',
      seeds,
      paper,
    };
  }
  const number = (value: number) => formatNumber(value, digits);
  const found = `${what} ${number(estimate.estimate)} ${unit} (95% interval ${number(low)} to ${number(high)})`;
  const finding = { claim, found, estimate, seeds, paper };
  if (seeds.length < fewestSeeds) {
    return { ...finding, held: 'undecided', because: `fewer than ${fewestSeeds} seeds` };
  }
  if (low > threshold) return { ...finding, held: true };
  if (high < threshold) return { ...finding, held: false };
  const around = threshold === 0 ? 'zero' : number(threshold);
  return { ...finding, held: 'undecided', because: `the interval includes ${around}` };
}

/** A finding as a paragraph. */
export function paragraphOf({ claim, found, held, because, seeds, paper }: Finding): string {
  const verdict = {
    true: 'The claim held at this scale',
    false: 'The claim did **not** hold at this scale',
    undecided: `At this scale the claim is **undecided**${because ? `: ${because}` : ''}`,
  }[`${held}`];
  const rests = seeds.length === 0 ? '' : ` (${seeds.length === 1 ? 'seed' : 'seeds'} ${listOf(seeds.map(String))})`;
  return [`*${claim}.*`, `${capital(found)}.`, `${verdict}${rests}.`, ...(paper ? [`The paper: ${paper}.`] : [])].join(
    ' ',
  );
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
