import { parseArgs } from 'node:util';
import { chaos, type Round } from './chaos.ts';
import type { Kill } from './killer.ts';

const usage = `Usage: npm run chaos -- [options]
Runs a campaign on a mesh of its own, then again while its processes are killed at random, and compares what both leave.

  --kills N        processes to kill (default: 50)
  --seed N         decides what is killed and when (default: 1)
  --size N         size of a round's campaign; 1 takes seconds (default: 10)
  --minutes N      begin no round after so many minutes (default: 50)
  --real-trainers  train with tensors; formulas take their place otherwise
  -h, --help       show this help
NSS_CHAOS_KEEP=1 keeps the mesh's folder with its logs.`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    size: { type: 'string', default: '10' },
    minutes: { type: 'string', default: '50' },
    'real-trainers': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) console.log(usage);
else await run();

async function run(): Promise<void> {
  const numbers = Object.fromEntries(
    (['kills', 'seed', 'size', 'minutes'] as const).map((name) => [name, wholeNumber(name, values[name])]),
  ) as Record<'kills' | 'seed' | 'size' | 'minutes', number>;
  console.log('| round | what was done | seconds | expected | what happened |');
  console.log('| ----: | ------------- | ------: | -------- | ------------- |');
  let number = 0;
  // Whoever ends this ends the mesh with it.
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(new Error(signal)));
  const { rounds } = await chaos({
    ...numbers,
    signal: stop.signal,
    limitMs: numbers.minutes * 60_000,
    realTrainers: values['real-trainers'],
    onRound: (round) => console.log(rowOf(++number, round)),
  });
  const killed = rounds.reduce((sum, { kills }) => sum + kills.length, 0);
  const different = rounds.filter(({ differences }) => differences.length > 0).length;
  console.log(`\n${killed} kills in ${rounds.length} rounds; ${different} rounds ended differently.`);
  if (killed < numbers.kills) console.log(`The time was over before ${numbers.kills} were killed.`);
  process.exitCode = different > 0 || killed < numbers.kills ? 1 : 0;
}

function rowOf(number: number, { kills, seconds, files, differences }: Round): string {
  const happened = differences.length === 0 ? `the same ${files} files` : differences.join('; ');
  return `| ${number} | ${summary(kills)} | ${seconds.toFixed(0)} | ends by itself, the same files | ${happened} |`;
}

/** For example `2 x evaluator, 1 x nats-server (SIGTERM)`. */
function summary(kills: readonly Kill[]): string {
  const counts = new Map<string, number>();
  for (const { process, signal } of kills) {
    const what = signal === 'SIGKILL' ? process : `${process} (${signal})`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const parts = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => `${count} x ${what}`);
  return parts.join(', ') || 'nothing';
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`--${name}: expected a whole number, found "${text}"`);
}
