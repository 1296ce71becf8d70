import { DeadLetter } from '@nss/contracts';
import type { Context } from '../cli/context.ts';
import type { NssClient } from '../client.ts';
import { formatAge } from '../terminal/format.ts';
import { formatTable } from '../terminal/table.ts';
import { type MeshOptions, withRunningMesh } from './mesh-connection.ts';

type Options = MeshOptions & { readonly json?: boolean };

/** `nss dead-letters list`. */
export async function listDeadLetters(options: Options & { readonly limit: number }, context: Context): Promise<void> {
  const { terminal, signal } = context;
  await withRunningMesh(options, context, async (client) => {
    const letters = await oldestDeadLetters(client, options.limit, signal);
    if (options.json) terminal.printJson(letters.map((each) => DeadLetter.toJSON(each)));
    else if (letters.length === 0) terminal.print('There are no dead letters.');
    else for (const line of deadLetterTable(letters, new Date())) terminal.print(line);
  });
}

/** `nss dead-letters resend NUMBER...`. */
export async function resendDeadLetters(numbers: readonly number[], options: Options, context: Context): Promise<void> {
  await eachLetter(numbers, options, context, 'is in its queue again', ({ deadLetters }, number) =>
    deadLetters.resendDeadLetter({ number }, { signal: context.signal }),
  );
}

/** `nss dead-letters drop NUMBER...`. */
export async function dropDeadLetters(numbers: readonly number[], options: Options, context: Context): Promise<void> {
  await eachLetter(numbers, options, context, 'is deleted', ({ deadLetters }, number) =>
    deadLetters.dropDeadLetter({ number }, { signal: context.signal }),
  );
}

async function eachLetter(
  numbers: readonly number[],
  options: Options,
  context: Context,
  done: string,
  work: (client: NssClient, number: number) => Promise<DeadLetter>,
): Promise<void> {
  await withRunningMesh(options, context, async (client) => {
    const letters: DeadLetter[] = [];
    for (const number of numbers) {
      const letter = await work(client, number);
      letters.push(letter);
      if (!options.json) context.terminal.print(`Dead letter ${number} (${titleOf(letter)}) ${done}.`);
    }
    if (options.json) context.terminal.printJson(letters.map((each) => DeadLetter.toJSON(each)));
  });
}

async function oldestDeadLetters(client: NssClient, limit: number, signal: AbortSignal): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  let pageToken = '';
  do {
    const pageSize = Math.min(1000, limit - found.length);
    const page = await client.deadLetters.listDeadLetters({ pageSize, pageToken }, { signal });
    found.push(...page.deadLetters);
    pageToken = page.nextPageToken;
  } while (pageToken && found.length < limit);
  return found;
}

function deadLetterTable(letters: readonly DeadLetter[], now: Date): string[] {
  return formatTable(
    [
      { title: 'number', align: 'right' },
      { title: 'message' },
      { title: 'age', align: 'right' },
      { title: 'tries', align: 'right' },
      { title: 'reason' },
    ],
    letters.map((letter) => [
      String(letter.number),
      titleOf(letter),
      letter.time ? formatAge((now.getTime() - letter.time.getTime()) / 1000) : '',
      String(letter.deliveries),
      letter.reason,
    ]),
  );
}

const titleOf = ({ job, subject }: DeadLetter) => job || subject;
