import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCli } from '../src/cli/run.ts';

/** What a command line left. */
export type Run = { code: number; stdout: string; stderr: string };

/** Runs a command line in this process, in an empty folder of its own unless told otherwise, not on a terminal. */
export async function run(
  args: readonly string[],
  more: {
    env?: NodeJS.ProcessEnv;
    cwd?: string;
    stdin?: string | readonly Uint8Array[];
    tty?: boolean;
    signal?: AbortSignal;
  } = {},
): Promise<Run> {
  const output = () => {
    const texts: string[] = [];
    return { texts, write: (text: string) => texts.push(text), isTTY: more.tty ?? false, columns: 100 };
  };
  const [stdout, stderr] = [output(), output()];
  const code = await runCli(args, {
    stdout,
    stderr,
    stdin: toStream(more.stdin ?? []),
    env: { XDG_STATE_HOME: '/nonexistent/state', XDG_CACHE_HOME: '/nonexistent/cache', ...more.env },
    cwd: more.cwd ?? tmpdir(),
    signal: more.signal ?? new AbortController().signal,
  });
  return { code, stdout: stdout.texts.join(''), stderr: stderr.texts.join('') };
}

/** An empty folder that goes with the test, with these files in it. */
export function folderWith(t: TestContext, files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'nss-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function* toStream(stdin: string | readonly Uint8Array[]): AsyncGenerator<string | Uint8Array> {
  yield* typeof stdin === 'string' ? [stdin] : stdin;
}
