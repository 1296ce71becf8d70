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
  const number = (value: number) => formatNumber(value, digits);
  const about = { claim, seeds, paper };
  if (Number.isNaN(estimate.estimate)) {
    return { ...about, found: 'nothing was found to judge it by', ...undecided('results are missing or all the same') };
  }
  const measured = `${number(estimate.estimate)}${unit === '%' ? '%' : unit && ` ${unit}`}`;
  const found = `${what} ${measured} (95% interval ${number(low)} to ${number(high)})`;
  const finding = { ...about, found, estimate };
  if (seeds.length < fewestSeeds) return { ...finding, ...undecided(`fewer than ${fewestSeeds} seeds`) };
  if (low > threshold) return { ...finding, held: true };
  if (high < threshold) return { ...finding, held: false };
  return { ...finding, ...undecided(`the interval includes ${threshold === 0 ? 'zero' : number(threshold)}`) };
}

const undecided = (because: string) => ({ held: 'undecided' as const, because });

/** A verdict in a word, for tables. */
export const verdictOf = ({ held }: Finding): string =>
  ({ true: 'yes', false: 'no', undecided: 'undecided' })[`${held}`];

/** An estimate for tables: `1.23 (0.45 to 2.01)`, and nothing where nothing was found. */
export const intervalOf = ({ estimate }: Pick<Finding, 'estimate'>, digits = 2): string =>
  estimate && !Number.isNaN(estimate.estimate)
    ? `${formatNumber(estimate.estimate, digits)} (${formatNumber(estimate.low, digits)} to ${formatNumber(estimate.high, digits)})`
    : '';

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
