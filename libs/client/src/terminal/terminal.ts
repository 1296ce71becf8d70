import { styleText } from 'node:util';

/** A stream that text goes to; process.stdout and process.stderr are such. */
export type Output = {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Bits of colour, as tty.WriteStream has it. */
  getColorDepth?(env?: NodeJS.ProcessEnv): number;
};

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/**
 * Where a command writes: results to stdout, for people and programs; progress and notes to stderr. What is JSON on stdout
 * is nothing but JSON.
 */
export type Terminal = {
  /** A line of the result. */
  print(line?: string): void;
  /** The result for programs. */
  printJson(value: unknown): void;
  /** A line about the work, on stderr. */
  note(line?: string): void;
  /** A text in a style, plain where the stream shows no colours or NO_COLOR is set. */
  style(style: Style, text: string): string;
  /** The same for text that goes to stderr. */
  noteStyle(style: Style, text: string): string;
  readonly stderr: Output;
  /** Whether somebody watches stderr: only then anything is drawn over. */
  readonly interactive: boolean;
};

export function createTerminal(stdout: Output, stderr: Output, env: NodeJS.ProcessEnv): Terminal {
  const paint = (output: Output) => (style: Style, text: string) => {
    return showsColours(output, env) ? styleText(style, text, { validateStream: false }) : text;
  };
  return {
    print: (line = '') => stdout.write(`${line}\n`),
    printJson: (value) => stdout.write(`${JSON.stringify(value, null, stdout.isTTY ? 2 : undefined)}\n`),
    note: (line = '') => stderr.write(`${line}\n`),
    style: paint(stdout),
    noteStyle: paint(stderr),
    stderr,
    interactive: Boolean(stderr.isTTY) && env.TERM !== 'dumb' && !env.CI,
  };
}

/** See no-color.org. */
function showsColours(output: Output, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  return Boolean(output.isTTY) && env.TERM !== 'dumb' && (output.getColorDepth?.(env) ?? 4) > 1;
}
