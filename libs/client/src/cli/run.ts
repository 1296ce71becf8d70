import { text } from 'node:stream/consumers';
import { CommanderError } from 'commander';
import { createTerminal, type Output, type Terminal } from '../terminal/terminal.ts';
import { Interrupted, UsageError } from './context.ts';
import { createProgram } from './program.ts';

/** What the command line has from its process. */
export type CliProcess = {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: AsyncIterable<unknown>;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};

/** Exit codes: 0 done, 1 failed, 2 wrong use, 130 stopped by Ctrl-C (as shells have it). */
export type ExitCode = 0 | 1 | 2 | 130;

/** Runs one command line (without `node` and the script) and gives its exit code; nothing is thrown. */
export async function runCli(args: readonly string[], own: CliProcess): Promise<ExitCode> {
  const terminal = createTerminal(own.stdout, own.stderr, own.env);
  const context = { terminal, env: own.env, cwd: own.cwd, signal: own.signal, readStdin: () => text(own.stdin) };
  const program = createProgram(context);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said what there was to say. Help that was asked for has exit code 0.
      return error.exitCode === 0 ? 0 : 2;
    }
    if (own.signal.aborted) {
      const hint = error instanceof Interrupted ? error.hint : undefined;
      terminal.note(`\nStopped.${hint ? ` ${hint}` : ''}`);
      return 130;
    }
    return reportError(error, terminal, own.env);
  }
}

/** Says what happened, each faulty field on its own line, and what to do next; the stack only with NSS_DEBUG=1. */
function reportError(error: unknown, terminal: Terminal, env: NodeJS.ProcessEnv): ExitCode {
  const known = describeError(error);
  terminal.note(`${terminal.noteStyle('red', 'nss:')} ${known.message}`);
  for (const detail of known.details) terminal.note(`  ${detail}`);
  if (known.hint) terminal.note(known.hint);
  if (env.NSS_DEBUG) terminal.note(error instanceof Error ? withCauses(error) : String(error));
  return known.exitCode;
}

type Described = { message: string; details: string[]; hint?: string; exitCode: 1 | 2 };

function describeError(error: unknown): Described {
  if (!(error instanceof Error)) return { message: String(error), details: [], exitCode: 1 };
  // By name, not by class: loading gRPC to tell that there was no gRPC error would make every command slow.
  if (error.name === 'NssError') return describeNssError(error as unknown as NssErrorLike);
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
  const isUsage = error instanceof UsageError || error.name === 'CampaignFileError';
  return { message: error.message, details: [], hint, exitCode: isUsage ? 2 : 1 };
}

type NssErrorLike = {
  readonly message: string;
  readonly codeName: string;
  readonly fieldViolations: readonly { readonly field: string; readonly description: string }[];
};

const hints: Record<string, string> = {
  UNAVAILABLE: 'Is the mesh up? See with: nss status',
  NOT_FOUND: 'See what there is with: nss campaign list',
  DEADLINE_EXCEEDED: 'The mesh may be busy or away. See with: nss status',
  INTERNAL: 'The logs of the services tell more; nss status says where they run',
};

function describeNssError({ message, codeName, fieldViolations }: NssErrorLike): Described {
  return {
    message: fieldViolations.length > 0 ? 'the mesh refused what was asked:' : message,
    details: fieldViolations.map(({ field, description }) => (field ? `${field}: ${description}` : description)),
    hint: hints[codeName],
    exitCode: codeName === 'INVALID_ARGUMENT' ? 2 : 1,
  };
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${withCauses(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
