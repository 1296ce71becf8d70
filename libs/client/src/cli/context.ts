import type { Terminal } from '../terminal/terminal.ts';

/** What a command has from outside. */
export type Context = {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly readStdin: () => Promise<string>;
};

/** Wrong use: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command did not reach what it was asked for: exit code 1. `hint` is what to do next. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly hint?: string;

  constructor(message: string, { hint, cause }: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause });
    this.hint = hint;
  }
}

/** Stopped by Ctrl-C: exit code 130. `hint` says how to go on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly hint?: string;

  constructor(hint?: string) {
    super('stopped');
    this.hint = hint;
  }
}
