import { isPresetName, presetNames, presetOf } from '@nss/campaign';
import { datasetNames } from '@nss/contracts';
import { Command, Option } from 'commander';
import type { Context } from './context.ts';
import { addDeadLetterCommands } from './dead-letter-commands.ts';
import { experimentSummaries } from './experiment-summaries.ts';
import { addressOption, examples, jsonOption, positiveNumber, stateDirOption, wholeNumber } from './options.ts';
import { addSecurityCommands } from './security-commands.ts';

/*
 * Every command with its arguments, options and help. What a command does is in ../commands, loaded when it runs: counting FLOPs
 * must not wait for gRPC to load.
 */

/** The `nss` command line. Its actions throw; commander's own complaints come as CommanderError. */
export function createProgram(context: Context): Command {
  const { stdout, stderr } = outputsOf(context);
  const program = new Command('nss')
    .description('Network Space Search: finds the space of convolutional networks worth searching.')
    .usage('COMMAND [options]')
    .exitOverride()
    .configureOutput({
      writeOut: stdout,
      writeErr: stderr,
      outputError: (text, write) => write(text.replace(/^error: /, 'nss: ')),
    })
    .configureHelp({
      sortSubcommands: false,
      showGlobalOptions: false,
      commandUsage: (command) => usageOf(command),
      optionTerm: ({ flags }) => flags.replace(/[<>]/g, ''),
    })
    .helpCommand(false)
    .helpOption('-h, --help', 'show this help')
    .showSuggestionAfterError()
    .showHelpAfterError('Run the command with --help to see how it is used.')
    .addHelpText(
      'after',
      `
Start here:
  nss quickstart                     a whole campaign on real images, in minutes
  nss flops 2x16-3x32-4x64           what a network costs
  nss campaign run my-campaign.yaml  your own campaign

A network is written depth x width of each stage: 2x16-3x32-4x64.
A space of networks has ranges in their places:   1..4x33..64-5..8x1..32-1..4x1..32.
Costs are multiply-adds: 8MF is 8 million, 1.6GF is 1.6 thousand million.

Exit codes: 0 done, 1 failed, 2 wrong use, 130 stopped by Ctrl-C.
Environment: NSS_ADDRESS (mesh to use), NSS_TLS_CA, NSS_TLS_CERT, NSS_TLS_KEY (PEM files) and NSS_TOKEN for it,
             NSS_DATASET_MIRROR, NSS_CACHE_DIR, NO_COLOR, NSS_DEBUG=1 (stack traces).`,
    );

  addMeshCommands(program, context);
  addCampaignCommands(program, context);
  addReproduceCommand(program, context);
  addSpaceCommands(program, context);
  addNetworkCommands(program, context);
  addDatasetCommands(program, context);
  addDeadLetterCommands(program, context);
  addSecurityCommands(program, context);
  return program;
}

function addMeshCommands(program: Command, context: Context): void {
  program
    .command('quickstart')
    .summary('run the bundled campaign and write its report')
    .description(
      'Runs the bundled campaign: two Elite Spaces on Fashion-MNIST, every phase, in minutes. The report is in runs/quickstart/ and is replaced by the next run.',
    )
    .addOption(outOption('runs/quickstart'))
    .addOption(addressOption())
    .addOption(stateDirOption())
    .addOption(jsonOption())
    .addHelpText('after', examples(['nss quickstart', 'nss quickstart --out /tmp/first-report']))
    .action(async (options) => (await import('../commands/quickstart.ts')).quickstart(options, context));

  program
    .command('up')
    .summary('start the mesh on this machine')
    .description('Starts NATS and the five services on 127.0.0.1. They go on until `nss down`.')
    .option('--trainers <N>', 'trainer processes (default: one a core)', wholeNumber(1, 256))
    .option('--threads <N>', 'threads of each trainer (default: 1)', wholeNumber(1, 256))
    .addOption(stateDirOption())
    .addOption(jsonOption())
    .addHelpText('after', examples(['nss up', 'nss up --trainers 1 --threads 2']))
    .action(async (options) => (await import('../commands/mesh.ts')).up(options, context));

  program
    .command('down')
    .summary('stop the mesh on this machine')
    .description('Stops the services and NATS. Campaigns that run go on where they were after the next `nss up`.')
    .addOption(stateDirOption())
    .addOption(jsonOption())
    .addHelpText('after', examples(['nss down']))
    .action(async (options) => (await import('../commands/mesh.ts')).down(options, context));

  program
    .command('status')
    .summary('show services, trainers and running campaigns')
    .description('Shows the processes of the mesh and the campaigns that run with their phases.')
    .addOption(addressOption())
    .addOption(stateDirOption())
    .addOption(jsonOption())
    .addHelpText('after', examples(['nss status', "nss status --json | jq '.campaigns[].name'"]))
    .action(async (options) => (await import('../commands/mesh.ts')).status(options, context));

  program
    .command('platform-adapter')
    .summary('serve Katib and Vizier from the mesh on this machine')
    .description(
      'Serves the algorithms nss and elite-space over the contracts of Katib (Suggestion, EarlyStopping) and Vizier (PythiaService), until Ctrl-C.',
    )
    .option('--listen <HOST:PORT>', 'where to serve', '127.0.0.1:6789')
    .addOption(stateDirOption())
    .addHelpText('after', examples(['nss platform-adapter', 'nss platform-adapter --listen 127.0.0.1:7789']))
    .action(async (options) => (await import('../commands/platform-adapter.ts')).servePlatforms(options, context));

  program
    .command('doctor')
    .summary('check this machine')
    .description(
      'Checks Node, nats-server, the tensor engine (with a self-test), the cache, disk and memory. What is wrong comes with its remedy.',
    )
    .addOption(stateDirOption())
    .addOption(jsonOption())
    .addHelpText('after', examples(['nss doctor', 'nss doctor --json | jq \'.[] | select(.status != "ok")\'']))
    .action(async (options) => (await import('../commands/mesh.ts')).examine(options, context));
}

function addCampaignCommands(program: Command, context: Context): void {
  const campaign = program
    .command('campaign')
    .summary('run campaigns and see how they are')
    .description('A campaign searches Elite Spaces of a data set for some targets, measures them and writes a report.')
    .addHelpText(
      'after',
      `
A campaign file:
  name: my-campaign          # its id
  dataset: cifar10           # ${datasetNames.join(', ')}, or { folder: images } with a folder per class
  preset: small              # ${presetNames.join(', ')}
  targets: [2MF, 8MF]        # multiply-adds
  seeds: [0, 1]              # default: [0]
  phases: [warmup, search]   # default: warmup, search, evaluation, nas, training, report
  budget: { maxWallClockHours: 3, maxTrainerHours: 6 }
  overrides: { search: { weights: { epochs: 20 } } }   # in the form of a preset file`,
    );
  const file = ['FILE', 'campaign file (YAML); - reads stdin'] as const;
  const id = ['ID', 'id of the campaign'] as const;
  const add = (name: string, summary: string) =>
    campaign
      .command(name)
      .summary(summary)
      .addOption(addressOption())
      .addOption(stateDirOption())
      .addOption(jsonOption());
  const commands = () => import('../commands/campaign.ts');

  add('run', 'run a campaign from its file to its report')
    .description(
      'Creates the campaign, shows how far it is and writes its report to runs/ID. Uses the running mesh; where none runs, starts one for this campaign. A campaign of the same file that still runs is joined.',
    )
    .argument(...file)
    .option('--id <ID>', 'id in place of the name in the file')
    .addOption(outOption('runs/ID'))
    .addHelpText(
      'after',
      examples(['nss campaign run my-campaign.yaml', 'nss campaign run my-campaign.yaml --out report']),
    )
    .action(async (path, options) => (await commands()).runCampaignFile(path, options, context));

  add('create', 'start a campaign and leave it to the mesh')
    .description('Creates the campaign on the running mesh and returns at once.')
    .argument(...file)
    .option('--id <ID>', 'id in place of the name in the file')
    .option('--dry-run', 'only check the file and say what it comes to; needs no mesh')
    .addHelpText(
      'after',
      examples(['nss campaign create my-campaign.yaml', 'nss campaign create my-campaign.yaml --dry-run --json']),
    )
    .action(async (path, options) => (await commands()).createCampaign(path, options, context));

  add('list', 'list campaigns, newest first')
    .alias('ls')
    .option('-L, --limit <N>', 'at most so many', wholeNumber(1, 10_000), 30)
    .addHelpText('after', examples(['nss campaign list', "nss campaign list --json | jq -r '.[].name'"]))
    .action(async (options) => (await commands()).listCampaigns(options, context));

  add('get', 'show a campaign')
    .argument(...id)
    .addHelpText(
      'after',
      examples(['nss campaign get quickstart', 'nss campaign get quickstart --json | jq .eliteSpaces']),
    )
    .action(async (name, options) => (await commands()).getCampaign(name, options, context));

  add('watch', 'follow a campaign to its end')
    .description(
      'Follows a campaign to its end; its exit code is 1 when it fails. With --json: the campaign, a line a change.',
    )
    .argument(...id)
    .addHelpText('after', examples(['nss campaign watch quickstart']))
    .action(async (name, options) => (await commands()).watchCampaign(name, options, context));

  add('cancel', 'ask a campaign to stop')
    .argument(...id)
    .addHelpText('after', examples(['nss campaign cancel quickstart']))
    .action(async (name, options) => (await commands()).cancelCampaign(name, options, context));

  add('suspend', 'ask a campaign to stop so that it can go on later')
    .description('Asks a campaign to stop as `cancel` does, but keeps what it needs to go on.')
    .argument(...id)
    .addHelpText('after', examples(['nss campaign suspend quickstart']))
    .action(async (name, options) => (await commands()).suspendCampaign(name, options, context));

  add('resume', 'let a campaign go on that was suspended or has used up its budget')
    .description(
      'Lets a campaign go on where it stopped: it was suspended, or has used up its budget. The limits count what it has used before, not the pause.',
    )
    .argument(...id)
    .option('--max-wall-clock-hours <N>', 'new limit; with either limit, the other one ends', positiveNumber)
    .option('--max-trainer-hours <N>', 'new limit; without both, the budget stays as it is', positiveNumber)
    .addHelpText('after', examples(['nss campaign resume quickstart --max-trainer-hours 12']))
    .action(async (name, options) => (await commands()).resumeCampaign(name, options, context));

  add('report', 'fetch the report of a campaign')
    .description('Writes report.html and the tables of a campaign into a folder and prints their paths.')
    .argument(...id)
    .addOption(outOption('runs/ID'))
    .addHelpText(
      'after',
      examples(['nss campaign report quickstart', 'nss campaign report quickstart --out /tmp/report']),
    )
    .action(async (name, options) => (await commands()).fetchReport(name, options, context));
}

function addReproduceCommand(program: Command, context: Context): void {
  program
    .command('reproduce')
    .summary("run the paper's experiments: tables, pictures and what they show")
    .description(
      "Runs the paper's experiments and writes a table, a picture and the findings of each. What is stored in OUT/results is not run again, whatever it was run for; a run that was stopped goes on where it was.",
    )
    .argument('<WHAT...>', 'experiments, see below; all: every one')
    .option('-p, --preset <NAME|FILE>', `preset (${presetNames.join(', ')}) or campaign file`, 'small')
    .option('-d, --dataset <NAME>', `data set in place of the experiment's own: ${datasetNames.join(', ')}`)
    .option('-t, --targets <COSTS>', "targets in place of the preset's, for example 2MF,8MF (fig5: one)")
    .option('-s, --seeds <SEEDS>', 'seeds (default: 0,1,2; fewer than three decide no claim)')
    .option(
      '-n, --architectures <N>',
      "networks measured of each space, in place of the preset's",
      wholeNumber(1, 100_000),
    )
    .option('--trainers <N>', 'trainers, where a mesh is started (default: one a core)', wholeNumber(1, 256))
    .option('-o, --out <DIR>', 'folder for results, tables and pictures', 'runs/reproduce')
    .option('--plan', 'only say what would run and how long that would take')
    .addOption(addressOption())
    .addOption(stateDirOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Experiments:
${Object.entries(experimentSummaries)
  .map(([name, summary]) => `  ${name.padEnd(12)}  ${summary}`)
  .join('\n')}
${examples([
  'nss reproduce table1 --plan',
  'nss reproduce fig3 baselines --preset small',
  'nss reproduce all --preset small --seeds 0 --dataset fashion-mnist',
])}`,
    )
    .action(async (names, options) => (await import('../commands/reproduce.ts')).reproduce(names, options, context));
}

function addSpaceCommands(program: Command, context: Context): void {
  const withCosts = (command: Command, target: string) =>
    command
      .addOption(
        new Option('-p, --preset <NAME>', `search space and image size of a preset: ${presetNames.join(', ')}`).default(
          'paper',
        ),
      )
      .addOption(
        new Option('-d, --dataset <NAME>', `data set, for the number of classes: ${datasetNames.join(', ')}`).default(
          'cifar10',
        ),
      )
      .addOption(new Option('-t, --target <COST>', `${target}, for example 600MF`));
  const withFrame = (command: Command) => withCosts(command, 'compare with this cost').addOption(jsonOption());

  withFrame(program.command('flops'))
    .summary('count multiply-adds of networks and spaces')
    .description('Multiply-adds and parameters of networks; mean and range of spaces. Needs no mesh.')
    .argument('<NETWORK|SPACE...>', 'for example 2x16-3x32-4x64 or 1..4x33..64-5..8x1..32-1..4x1..32; - reads stdin')
    .addHelpText(
      'after',
      examples([
        'nss flops 2x16-3x32-4x64',
        'nss flops 4x64-4x64-4x64 1..4x1..64-1..4x1..64-1..4x1..64 --preset small --target 8MF',
        'nss flops - --json < networks.txt',
      ]),
    )
    .action(async (texts, options) => (await import('../commands/flops.ts')).flops(texts, options, context));

  const space = program
    .command('space')
    .summary('look into search spaces and network spaces')
    .description("Looks into search spaces and network spaces. Only a campaign's space needs a mesh.");
  const commands = () => import('../commands/space.ts');
  const networkSpace = [
    '[SPACE]',
    'for example 1..4x33..64-5..8x1..32-1..4x1..32 (default: the whole search space)',
  ] as const;

  withFrame(space.command('describe'))
    .summary('say what a space holds')
    .description('Stages, bins, number of networks and cost of a space.')
    .argument(...networkSpace)
    .addHelpText(
      'after',
      `${examples(['nss space describe', 'nss space describe --preset small', 'nss space describe 1..4x33..64-5..8x1..32-1..4x1..32'])}

Presets:
${presetNames.map((name) => `  ${name.padEnd(10)}  ${isPresetName(name) ? presetOf(name).description : ''}`).join('\n')}`,
    )
    .action(async (text, options) => (await commands()).describeSpace(text, options, context));

  withFrame(space.command('sample'))
    .summary('draw networks from a space')
    .description('Networks drawn uniformly from a space. The same seed draws the same networks.')
    .argument(...networkSpace)
    .option('-n, --count <N>', 'how many', wholeNumber(1, 1_000_000), 10)
    .option('-s, --seed <N>', 'seed', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .addHelpText(
      'after',
      examples(['nss space sample 1..4x33..64-5..8x1..32-1..4x1..32 -n 5', 'nss space sample -n 1000 --seed 7 --json']),
    )
    .action(async (text, options) => (await commands()).sampleSpace(text, options, context));

  withFrame(space.command('certify'))
    .summary('certify the cost of a space')
    .description(
      'Mean, range and quantiles of the cost over every network of a space, and the share within 10% of a target.',
    )
    .argument(...networkSpace)
    .addHelpText('after', examples(['nss space certify 1..4x33..64-5..8x1..32-1..4x1..32 --target 600MF']))
    .action(async (text, options) => (await commands()).certifySpace(text, options, context));

  withCosts(space.command('export'), 'cost to look for; of a campaign: target of the search')
    .summary('write a space in the form of another tool')
    .description(
      "A space as JSON, Katib Experiment, Optuna study, Ray Tune search or NNI search space. An Elite Space is named by its campaign and --target; its data set and search space are then the campaign's.",
    )
    .argument('<SPACE|CAMPAIGN>', 'for example 1..4x33..64-5..8x1..32-1..4x1..32, or campaigns/quickstart')
    .addOption(new Option('-f, --format <NAME>', spaceFormats).default('json'))
    .option('-s, --seed <N>', 'of a campaign: seed of the search', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('-o, --out <FILE>', 'file to write (default: standard output)')
    .addOption(addressOption())
    .addOption(stateDirOption())
    .addHelpText(
      'after',
      examples([
        'nss space export 1..4x33..64-5..8x1..32-1..4x1..32 --format optuna --out study.py',
        'nss space export campaigns/quickstart --target 6MF --format katib | kubectl create -f -',
      ]),
    )
    .action(async (text, options) =>
      (await import('../commands/space-export.ts')).exportSpaceFile(text, options, context),
    );
}

function addNetworkCommands(program: Command, context: Context): void {
  program
    .command('network')
    .summary('take trained networks out')
    .description('Networks that campaigns have trained.')
    .command('export')
    .summary('write a trained network in the forms of other tools')
    .description(
      'Writes a trained network and its model card into a folder. A campaign stands for the network found in its Elite Space. Each form takes pixels from 0 to 255 and gives the logits that the trainer computed.',
    )
    .argument('<TRAINING|CAMPAIGN>', 'for example trainings/mine, or campaigns/quickstart')
    .addOption(new Option('-f, --format <NAME...>', 'onnx, tfjs, saved-model, safetensors').default(['onnx'], 'onnx'))
    .option('-t, --target <COST>', 'of a campaign: target of the search, for example 6MF')
    .option('-s, --seed <N>', 'of a campaign: seed of the search', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('-r, --repeat <N>', 'of a campaign: which of the trainings from scratch, from 0', wholeNumber(0, 999), 0)
    .option('-o, --out <DIR>', 'folder for the files (default: networks/ID)')
    .addOption(addressOption())
    .addOption(stateDirOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples([
        'nss network export campaigns/quickstart --target 6MF',
        'nss network export trainings/mine --format onnx saved-model --out /tmp/mine',
      ]),
    )
    .action(async (name, options) =>
      (await import('../commands/network-export.ts')).exportNetworkFiles(name, options, context),
    );
}

function addDatasetCommands(program: Command, context: Context): void {
  const dataset = program.command('dataset').summary('fetch data sets').description('Data sets on this machine.');
  const commands = () => import('../commands/dataset.ts');

  dataset
    .command('list')
    .alias('ls')
    .summary('list data sets')
    .description('Lists the data sets and what of them is on this machine.')
    .addOption(jsonOption())
    .addHelpText('after', examples(['nss dataset list']))
    .action(async (options) => (await commands()).printDatasets(options, context));

  dataset
    .command('get')
    .summary('fetch data sets')
    .description(
      'Fetches data sets into the cache, checked. NSS_DATASET_MIRROR names a folder or URL of archives for machines without internet.',
    )
    .argument('<NAME...>', datasetNames.join(', '))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['nss dataset get cifar10', 'NSS_DATASET_MIRROR=/mnt/archives nss dataset get cifar10 cifar100']),
    )
    .action(async (names, options) => (await commands()).getDatasets(names, options, context));
}

const spaceFormats = 'json, katib, optuna, ray or nni';
const outOption = (folder: string) => new Option('-o, --out <DIR>', `folder for the report (default: ${folder})`);

/** `nss campaign run [options] <FILE>`, with the name of every command above. */
function usageOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at; at = at.parent) names.unshift(at.name());
  return `${names.join(' ')} ${command.usage()}`;
}

function outputsOf({ terminal }: Context) {
  return {
    stdout: (text: string) => terminal.print(text.replace(/\n$/, '')),
    stderr: (text: string) => terminal.note(text.replace(/\n$/, '')),
  };
}
