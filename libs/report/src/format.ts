import type { JobKind } from './data.ts';

/** What stands for a number that is missing or not finite. */
export const MISSING = '–';

const MINUS = '\u2212';

/** `3.14`, with a true minus sign. */
export function formatNumber(value: number | undefined, digits: number): string {
  if (value === undefined || !Number.isFinite(value)) return MISSING;
  return withSign(value.toFixed(digits));
}

/** `+3.14`, `−3.14`, `0.00`. */
export function formatSigned(value: number | undefined, digits: number): string {
  const text = formatNumber(value, digits);
  return value !== undefined && Number(value.toFixed(digits)) > 0 ? `+${text}` : text;
}

/** A share from 0 to 1 as `12.3%`. */
export const formatShare = (share: number | undefined, digits = 1) => percent(formatNumber(times100(share), digits));

/** A relative deviation as `+1.2%`. */
export const formatDeviation = (deviation: number | undefined) => percent(formatSigned(times100(deviation), 1));

/** Percent as `43.9%`. */
export const formatPercent = (value: number | undefined, digits = 1) => percent(formatNumber(value, digits));

/** A measured cost, always to three significant digits so that columns line up: `8.02 MF`, `16.0 MF`, `1.60 GF`. */
export function formatCost(multiplyAdds: number | undefined): string {
  if (multiplyAdds === undefined || !Number.isFinite(multiplyAdds)) return MISSING;
  const rounded = Number(multiplyAdds.toPrecision(3));
  const [size, unit] = rounded < 1e9 ? [1e6, 'MF'] : [1e9, 'GF'];
  const digits = Math.max(0, 2 - Math.floor(Math.log10(rounded / size || 1)));
  return `${(rounded / size).toFixed(digits)} ${unit}`;
}

/** `1,234,567`. */
export const formatCount = (count: number) => (Number.isFinite(count) ? count.toLocaleString('en-US') : MISSING);

/** `1 search`, `2 searches`. */
export const countOf = (count: number, one: string, many = `${one}s`) =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** `8 s`, `4 min 12 s`, `2 h 05 min`. */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return MISSING;
  if (seconds < 10) return `${formatNumber(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** `2026-01-31 14:02 UTC`. */
export const formatTime = (time: Date) => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** `a`, `a and b`, `a, b and c`. */
export function listOf(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

const times100 = (value: number | undefined) => (value === undefined ? undefined : value * 100);
const percent = (text: string) => (text === MISSING ? text : `${text}%`);
const pad = (value: number) => String(value).padStart(2, '0');
/** No "−0.0": what rounds to nothing has no sign. */
const withSign = (text: string) => (/^-0(\.0*)?$/.test(text) ? text.slice(1) : text.replace('-', MINUS));

/** Kinds of jobs, for people. */
export const kindTitles: Readonly<Record<JobKind, string>> = {
  campaign: 'campaign',
  warmup: 'warmup',
  search: 'search',
  superNetwork: 'super network',
  evaluation: 'evaluation',
  nas: 'NAS',
  training: 'training',
};
