import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(`npm run fuzz -- [--messages N] [--seed N]

Sends malformed and hostile messages to a whole mesh, and prints what was done, what was expected and what happened: to every RPC (70 % of them),
to every queue (15 %), as commands in sessions that hold a lease of a trainer (10 %), and as events that webhooks read (5 %). Exits
with 1 when something else happened. The long form: --messages 100000.`);
} else {
  console.log('| done | expected | happened |\n| --- | --- | --- |');
  const rows = await fuzz({
    messages: Number(values.messages),
    seed: Number(values.seed),
    onRow: ({ done, expected, happened, ok }) =>
      console.log(`| ${done} | ${expected} | ${ok ? '' : 'NOT SO: '}${happened.replace(/[|\r\n]+/g, ' ')} |`),
  });
  process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
}
