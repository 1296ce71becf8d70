/** A length of time as a clock shows it: `0:42`, `12:05`, `3:02:10`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** How long ago something was, in the one unit that matters: `42s`, `5m`, `3h`, `12d`. */
export function formatAge(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** An amount of bytes in decimal units: `170 MB`. */
export function formatBytes(bytes: number): string {
  const unit = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(unit.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${significant(bytes / 1000 ** power)} ${unit[power]}`;
}

/** A count with separators: `262,144`; from 10^15 on with three digits: `5.5e+17`. */
export function formatCount(count: number): string {
  return count < 1e15 ? count.toLocaleString('en-US') : count.toPrecision(3);
}

/** A number of trained parameters: `709`, `211 k`, `23.4 M`. */
export function formatParameters(parameters: number): string {
  if (parameters < 1e3) return String(parameters);
  return parameters < 1e6 ? `${significant(parameters / 1e3)} k` : `${significant(parameters / 1e6)} M`;
}

/** A share from 0 to 1: `62.5 %`. */
export function formatShare(share: number): string {
  return `${significant(share * 100)} %`;
}

/** A deviation with its sign: `+0.6 %`. */
export function formatDeviation(deviation: number): string {
  const percent = (deviation * 100).toFixed(1);
  return `${deviation < 0 ? '' : '+'}${percent === '-0.0' ? '0.0' : percent} %`;
}

/** How fast something goes: `8.3 iterations/s`; slower than one a second by the minute: `12 architectures/min`. */
export function formatRate(perSecond: number, unit: string): string {
  return perSecond >= 1 ? `${significant(perSecond)} ${unit}/s` : `${significant(perSecond * 60)} ${unit}/min`;
}

/** Three significant digits, without an exponent where the number is of everyday size. */
function significant(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) < 1e6 ? String(rounded) : rounded.toLocaleString('en-US');
}
