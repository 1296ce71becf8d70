import type { Command } from 'commander';
import type { Context } from './context.ts';
import { addressOption, examples, jsonOption, stateDirOption, wholeNumber } from './options.ts';

/** `nss dead-letters`. */
export function addDeadLetterCommands(program: Command, context: Context): void {
  const deadLetters = program
    .command('dead-letters')
    .summary('messages that nobody could handle')
    .description(
      'Messages of the work queues that nobody could handle, with the reasons. A job whose message is one does not move until it is sent again.',
    );
  const commands = () => import('../commands/dead-letters.ts');
  const add = (name: string, summary: string) =>
    deadLetters
      .command(name)
      .summary(summary)
      .addOption(addressOption())
      .addOption(stateDirOption())
      .addOption(jsonOption());
  const numbers = ['<NUMBER...>', 'numbers in the list', wholeNumbers] as const;

  add('list', 'list them with their reasons, oldest first')
    .alias('ls')
    .option('-L, --limit <N>', 'at most so many', wholeNumber(1, 10_000), 100)
    .addHelpText('after', examples(['nss dead-letters list', "nss dead-letters list --json | jq '.[].reason'"]))
    .action(async (options) => (await commands()).listDeadLetters(options, context));

  add('resend', 'put them into their queues again')
    .description('Puts dead letters into their queues again, once what keeps them from being handled is mended.')
    .argument(...numbers)
    .addHelpText('after', examples(['nss dead-letters resend 17', 'nss dead-letters resend 17 18']))
    .action(async (letters, options) => (await commands()).resendDeadLetters(letters, options, context));

  add('drop', 'delete them for good')
    .argument(...numbers)
    .addHelpText('after', examples(['nss dead-letters drop 17']))
    .action(async (letters, options) => (await commands()).dropDeadLetters(letters, options, context));
}

/** Parser of an argument that is any number of whole numbers from 1 on. */
const wholeNumbers = (text: string, before: readonly number[] = []): number[] => [
  ...before,
  wholeNumber(1, Number.MAX_SAFE_INTEGER)(text),
];
