import { InvalidArgumentError, Option } from 'commander';

/* What commands share on the way to their options and help. */

export const jsonOption = () => new Option('--json', 'print JSON for programs');

export const addressOption = () =>
  new Option('--address <HOST:PORT>', 'mesh to use (default: NSS_ADDRESS, else the one on this machine)');
export const stateDirOption = () =>
  new Option('--state-dir <DIR>', 'state folder of the mesh on this machine (default: ~/.local/state/nss)');

export const examples = (lines: readonly string[]) => `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;

/** Parser of an option that is a whole number. */
export function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

/** Parser of an option that is a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}
