import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { devicesFile, readDevices } from './device.ts';
import { scalingFigure } from './figure.ts';
import { measureOverheads } from './overheads.ts';
import { chainText, needsTable, overheadsText, paperJobs, pointsOf, sensitivityTable, sizesTable } from './tables.ts';
import { validate } from './validation.ts';

const usage = `Usage: npm run scaling -- [options]
What the paper's campaign (13 targets, 2 data sets, 3 seeds) takes on so many trainers: makespan, trainer use, and what services, NATS and
storage need. What the mesh itself takes is measured with real services; the schedule is computed by a model that is compared with real services.

  --trainers LIST     sizes (default: 1,8,64,512)
  --device NAME       what a trainer computes on (default: a100)
  --devices FILE      devices and their sources (default: ${devicesFile})
  --checkpoint LIST   seconds between checkpoints (default: 60,1800)
  --no-validation     leave out the comparison with real services, which takes some minutes
  --figure FILE       draw makespan and trainer use as SVG
  -h, --help          show this help`;

const { values } = parseArgs({
  allowNegative: true,
  options: {
    trainers: { type: 'string', default: '1,8,64,512' },
    device: { type: 'string', default: 'a100' },
    devices: { type: 'string', default: devicesFile },
    checkpoint: { type: 'string', default: '60,1800' },
    validation: { type: 'boolean', default: true },
    figure: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

// Whoever ends this ends the mesh with it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
if (values.help) console.log(usage);
else await run();

async function run(): Promise<void> {
  const sizes = numbers('trainers', values.trainers);
  const intervals = numbers('checkpoint', values.checkpoint);
  const device = readDevices(values.devices).get(values.device);
  if (!device) throw new Error(`--device: ${values.devices} has no "${values.device}"`);
  console.log(`${availableParallelism()} x ${cpus()[0].model}, ${new Date().toISOString()}\n`);
  const measured = await measureOverheads();
  console.log(overheadsText(measured));
  if (values.validation) await printValidation();
  const longest = Math.max(...intervals);
  for (const interval of intervals) {
    const jobs = paperJobs(device, measured, interval);
    const points = pointsOf(jobs, sizes);
    console.log(`\n${device.title}, checkpoints every ${interval} s\n`);
    console.log(sizesTable(points, jobs));
    console.log(needsTable(points, interval, measured));
    if (interval !== longest) continue;
    console.log(chainText(jobs));
    console.log(sensitivityTable(device, measured, interval, sizes));
    if (values.figure) await writeFile(values.figure, await scalingFigure(points, jobs));
  }
}

async function printValidation(): Promise<void> {
  console.log('\n| trainers | measured | modelled | difference |\n| ---: | ---: | ---: | ---: |');
  await validate([2, 4, 8, 16], ({ trainers, measured, modelled }) => {
    const difference = (100 * (modelled - measured)) / measured;
    console.log(`| ${trainers} | ${measured.toFixed(1)} s | ${modelled.toFixed(1)} s | ${difference.toFixed(1)} % |`);
  });
}

function numbers(name: string, text: string): number[] {
  return text.split(',').map((each) => {
    const found = Number(each);
    if (each !== '' && Number.isFinite(found) && found > 0) return found;
    throw new Error(`--${name}: expected positive numbers, found "${text}"`);
  });
}
