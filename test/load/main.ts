import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Load } from './campaigns.ts';
import { type LoadResult, runLoad } from './load.ts';
import { growthOf } from './processes.ts';

const usage = `Usage: npm run load -- [options]
Runs many campaigns at once on a mesh of its own: real services, one of each, a real NATS server, and trainers that speak the real
protocol but compute formulas. Prints what was done, what was expected and what happened.

  --campaigns N      campaigns at once (default: 200)
  --trainers N       trainers (default: 500)
  --evaluated N      campaigns that evaluate many architectures (default: 10)
  --architectures N  architectures that each of those evaluates (default: 20000)
  --sizes LIST       multiples of the first three, one run each (default: 1; for example 0.1,1,2)
  --rate N           multiply-adds a second of a trainer, which takes the time of a device of that rate (default: it answers at once,
                     so that the mesh has as much to do as it can)
  -h, --help         show this help
NSS_LOAD_KEEP=1 keeps the meshes' folders with their logs.`;

const { values } = parseArgs({
  options: {
    campaigns: { type: 'string', default: '200' },
    trainers: { type: 'string', default: '500' },
    evaluated: { type: 'string', default: '10' },
    architectures: { type: 'string', default: '20000' },
    sizes: { type: 'string', default: '1' },
    rate: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const leastResultsASecond = 2_000;
const mostMs = 250;

// Whoever ends this ends the mesh with it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
if (values.help) console.log(usage);
else await run();

async function run(): Promise<void> {
  const [{ model }] = cpus();
  console.log(
    `${availableParallelism()} x ${model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${new Date().toISOString()}\n`,
  );
  let met = true;
  for (const size of values.sizes.split(',').map((text) => number('sizes', text))) {
    const load = loadOf(size);
    const result = await runLoad(load);
    const rows = tableOf(load, result);
    console.log(
      ['| what was done | expected | what happened | |', '| --- | --- | --- | --- |', ...rows.map(rowText), ''].join(
        '\n',
      ),
    );
    console.log(memoryTable(result));
    met &&= rows.every(({ met }) => met);
  }
  process.exitCode = met ? 0 : 1;
}

function loadOf(size: number): Load {
  const scaled = (name: 'campaigns' | 'trainers' | 'evaluated' | 'architectures') =>
    Math.max(1, Math.round(size * number(name, values[name])));
  return {
    campaigns: scaled('campaigns'),
    trainers: scaled('trainers'),
    evaluated: scaled('evaluated'),
    architectures: number('architectures', values.architectures),
    multiplyAddsPerSecond: values.rate === undefined ? undefined : number('rate', values.rate),
  };
}

type Row = { readonly done: string; readonly expected: string; readonly happened: string; readonly met: boolean };

function tableOf(load: Load, { seconds, failures, stored, latencies, largest }: LoadResult): Row[] {
  const rate = stored.rows / stored.seconds;
  const largestMessage = largest.reduce((a, b) => (a.bytes > b.bytes ? a : b));
  return [
    {
      done: `${load.campaigns} campaigns at once, ${load.trainers} trainers${paceText(load)}`,
      expected: 'all succeed',
      happened: `${load.campaigns - failures.length} in ${seconds.toFixed(0)} s${failures.length > 0 ? `; ${failures[0]}` : ''}`,
      met: failures.length === 0,
    },
    {
      done: `${stored.rows} architectures evaluated, ${load.architectures} in each of ${load.evaluated} campaigns`,
      expected: 'no row lost, doubled or changed',
      happened: stored.faults.join('; ') || `all rows of ${stored.evaluations} evaluations as drawn`,
      met: stored.faults.length === 0,
    },
    {
      done: 'rows stored a second, from the first measured to the last evaluation ended',
      expected: `at least ${leastResultsASecond}`,
      happened: `${rate.toFixed(0)} (${stored.seconds.toFixed(0)} s)`,
      met: rate >= leastResultsASecond,
    },
    ...Object.entries(latencies).map(([call, { calls, failed, p50, p99, most }]) => ({
      done: `${calls} x ${call} meanwhile`,
      expected: `p99 below ${mostMs} ms`,
      happened: `p99 ${p99.toFixed(0)} ms, median ${p50.toFixed(0)} ms, most ${most.toFixed(0)} ms${failed > 0 ? `, ${failed} failed` : ''}`,
      met: failed === 0 && p99 < mostMs,
    })),
    {
      done: 'the largest message of all streams',
      expected: 'one chunk of an object at most',
      happened: `${(largestMessage.bytes / 1024).toFixed(0)} KiB in ${largestMessage.stream}`,
      met: largestMessage.bytes <= 256 * 1024,
    },
  ];
}

function paceText({ multiplyAddsPerSecond: rate }: Load): string {
  return rate === undefined ? ' that answer at once' : ` of ${rate.toExponential()} multiply-adds/s`;
}

function rowText({ done, expected, happened, met }: Row): string {
  return `| ${done} | ${expected} | ${happened} | ${met ? 'met' : 'MISSED'} |`;
}

/** Memory over time, MiB, at the ends of the quarters of the run. */
function memoryTable({ processes, machine, stored }: LoadResult): string {
  const rows = processes.map(({ process, cpuSeconds, mostMemory, memory }) => {
    const quarters = [0, 0.25, 0.5, 0.75, 1].map((at) => memory[Math.round(at * (memory.length - 1))].mib.toFixed(0));
    return `| ${process} | ${cpuSeconds.toFixed(0)} | ${quarters.join(' | ')} | ${mostMemory.toFixed(0)} | ${growthOf(memory).toFixed(0)} |`;
  });
  const mesh = processes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const others = `${machine.othersSeconds.toFixed(0)} of ${machine.cpuSeconds.toFixed(0)} s`;
  return [
    '| process | CPU seconds | MiB at the start | 1/4 | 1/2 | 3/4 | end | most | MiB a minute in the later half |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    `Processor time: ${mesh.toFixed(0)} s in the mesh, ${(stored.rows / mesh).toFixed(0)} rows for each of them; ${others} in other processes`,
    '(this one among them).',
    '',
  ].join('\n');
}

function number(name: string, text: string): number {
  const found = Number(text);
  if (text !== '' && Number.isFinite(found) && found > 0) return found;
  throw new Error(`--${name}: expected a positive number, found "${text}"`);
}
