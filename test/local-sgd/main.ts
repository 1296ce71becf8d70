import { parseArgs } from 'node:util';
import { isPresetName } from '@nss/campaign';
import { describeCommit, describeMachine } from '../../bench/machine.ts';
import { withMesh } from '../../bench/mesh.ts';
import { measureErrors, type Plan } from './measure.ts';
import { comparisonTable } from './table.ts';

const usage = `Usage: npm run local-sgd -- [options]
What it costs to train one evaluation super network with several trainers: plain training of two seeds and rounds of local SGD of the first
seed, all on as many samples, and what one trainer gets to in the time that several take; then the errors of the same architectures in each, and
how well they agree. Computed by a mesh of this machine.

  --dataset NAME        default: cifar10
  --preset NAME         default: small
  --epochs N            of every super network (default: the preset's)
  --shards N            trainers of local SGD; how many there are decides only how long it takes (default: 4)
  --steps LIST          steps per round (default: 20,100)
  --rates LIST          learning rate of local SGD over the preset's (default: 1)
  --architectures N     drawn uniformly from the search space (default: 150)
  --trainers N          processes, with one thread each (default: 2)
  -h, --help            show this help`;

const { values } = parseArgs({
  options: {
    dataset: { type: 'string', default: 'cifar10' },
    preset: { type: 'string', default: 'small' },
    epochs: { type: 'string' },
    shards: { type: 'string', default: '4' },
    steps: { type: 'string', default: '20,100' },
    rates: { type: 'string', default: '1' },
    architectures: { type: 'string', default: '150' },
    trainers: { type: 'string', default: '2' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

// Whoever ends this ends the mesh with it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
if (values.help) console.log(usage);
else await run();

async function run(): Promise<void> {
  const { dataset, preset } = values;
  if (!isPresetName(preset)) throw new Error(`--preset: there is no preset "${preset}"`);
  const plan: Plan = {
    dataset,
    preset,
    epochs: values.epochs === undefined ? undefined : count('epochs', values.epochs),
    shards: count('shards', values.shards),
    stepsPerRound: values.steps.split(',').map((steps) => count('steps', steps)),
    rates: values.rates.split(',').map((rate) => count('rates', rate)),
    architectures: count('architectures', values.architectures),
  };
  const trainers = count('trainers', values.trainers);
  console.log(`${describeMachine()}, ${describeCommit()}, ${new Date().toISOString()}\n`);
  const measured = await withMesh({ trainers, threadsPerTrainer: 1 }, (nss) => measureErrors(nss, plan, console.error));
  console.log(comparisonTable(measured));
}

function count(name: string, text: string): number {
  const found = Number(text);
  if (Number.isSafeInteger(found) && found > 0) return found;
  throw new Error(`--${name}: expected positive whole numbers, found "${text}"`);
}
