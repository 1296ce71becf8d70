import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Phase } from '@nss/contracts';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { askedImageFolder, CampaignFileError, inputShapeOf, parseCampaignFile, presetOf } from '../src/index.ts';

const minimal = 'name: a\ndataset: cifar10\npreset: small\n';

test('the bundled campaign files have no fault', () => {
  const folder = new URL('../campaigns/', import.meta.url);
  for (const file of readdirSync(folder)) {
    const { campaignId } = parseCampaignFile(readFileSync(new URL(file, folder), 'utf8'), file);
    assert.equal(`${campaignId}.yaml`, file);
  }
});

test('a file gives its id, the spec to send and what that comes to', () => {
  const { campaignId, spec, resolved } = parseCampaignFile(
    `name: mine
dataset: cifar100
preset: small
targets: [8MF, 1.6e7]
seeds: [3, 1]
phases: [nas, search]
budget: { maxTrainerHours: 2 }
overrides: { search: { theta: { lambda: 2 } }, dataset: { trainImages: 0 } }
`,
    'mine.yaml',
  );
  assert.equal(campaignId, 'mine');
  assert.deepEqual(spec.targetsMultiplyAdds, [8e6, 16e6]);
  assert.deepEqual(spec.budget, { maxWallClockHours: 0, maxTrainerHours: 2 });
  assert.deepEqual(spec.overrides, { search: { theta: { lambda: 2 } }, dataset: { trainImages: 0 } });
  assert.deepEqual(resolved.seeds, [3, 1]);
  assert.deepEqual(resolved.phases, [Phase.SEARCH, Phase.NAS]);
  assert.equal(resolved.settings.search.theta.lambda, 2);
  assert.equal(resolved.settings.search.theta.adam.learningRate, presetOf('small').search.theta.adam.learningRate);
  assert.deepEqual(resolved.settings.dataset, {
    name: 'cifar100',
    folder: undefined,
    imageSize: 16,
    trainImages: 0,
    testImages: 2000,
  });
});

/** Broken files, each with every line of its message below the first. */
const broken: [title: string, yaml: string, faults: string[]][] = [
  [
    'an empty file',
    '',
    [
      'f.yaml:1:1  expected a mapping with name, dataset, preset, targets, seeds, phases, budget, overrides, found nothing',
    ],
  ],
  [
    'what is missing',
    'name: a\n',
    [
      'f.yaml:1:1  dataset: missing: expected fashion-mnist, cifar10 or cifar100, or { folder: PATH }',
      'f.yaml:1:1  preset: missing: expected tiny, quickstart, small or paper',
      'f.yaml:1:1  targets: missing: expected a list of costs such as [8MF, 1.6GF]',
    ],
  ],
  [
    'a misspelt key and a misspelt value',
    'name: a\ndataset: cifar-10\npreset: small\ntargets: [8MF]\nbudgets: 3\n',
    [
      'f.yaml:2:1  dataset: expected fashion-mnist, cifar10 or cifar100, or { folder: PATH }, found "cifar-10"',
      'f.yaml:5:1  budgets: unknown key (did you mean "budget"?); expected name, dataset, preset, targets, seeds, phases, budget or overrides',
    ],
  ],
  [
    'an id that is no resource name',
    'name: My Campaign\ndataset: cifar10\npreset: small\ntargets: [8MF]\n',
    [
      'f.yaml:1:1  name: expected 1 to 63 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen, found "My Campaign"',
    ],
  ],
  [
    'targets no architecture meets',
    `${minimal}targets: [8MF, 5 GF, 12, soon]\n`,
    [
      'f.yaml:4:16  targets[1]: no architecture of this search space costs 5 GF; it can meet 0.155 MF to 92.7 MF',
      'f.yaml:4:22  targets[2]: no architecture of this search space costs 12 multiply-adds (write 12MF for millions); it can meet 0.155 MF to 92.7 MF',
      'f.yaml:4:26  targets[3]: expected a cost such as 8MF, 600 MF or 1.6GF, found "soon"',
    ],
  ],
  ['no target at all', `${minimal}targets: []\n`, ['f.yaml:4:1  targets: missing: expected at least one target']],
  [
    'things given twice',
    `${minimal}targets: [8MF, 8e6]\nseeds: [0, 1, 0]\nphases: [search, search]\n`,
    [
      'f.yaml:4:16  targets[1]: 8 MF is there already, as targets[0]',
      'f.yaml:5:15  seeds[2]: 0 is there already, as seeds[0]',
      'f.yaml:6:18  phases[1]: search is there already, as phases[0]',
    ],
  ],
  [
    'phases without what they work on',
    `${minimal}targets: [8MF]\nphases: [evaluation, training]\n`,
    [
      'f.yaml:5:10  phases[0]: evaluation works on what search finds: add search or leave evaluation out',
      'f.yaml:5:22  phases[1]: training works on what nas finds: add nas or leave training out',
    ],
  ],
  [
    'overrides that are not settings',
    `${minimal}targets: [8MF]
overrides:
  search:
    theta: { lamda: 2, initialTemperature: hot }
    weights: { sgd: { learningRate: 0.0001 }, warmupFraction: 1 }
  nas: 7
  trainng: { repeats: 0 }
  __proto__: { a: 1 }
`,
    [
      'f.yaml:7:14  overrides.search.theta.lamda: unknown key (did you mean "lambda"?); expected adam, estimator, architecturesPerStep, initialTemperature, finalTemperature, lambda, finalLambda or taskLoss',
      'f.yaml:7:24  overrides.search.theta.initialTemperature: expected a number from 0.000001 to 1000000, found "hot"',
      'f.yaml:8:16  overrides.search.weights.sgd.finalLearningRate: expected at most learningRate (0.0001), found 0.001',
      'f.yaml:8:47  overrides.search.weights.warmupFraction: expected a number from 0 to less than 1, found 1',
      'f.yaml:9:3  overrides.nas: expected a mapping with weights, theta, draws, tolerance, maxDraws, found 7',
      'f.yaml:10:3  overrides.trainng: unknown key (did you mean "training"?); expected dataset, searchSpace, search, evaluation, nas or training',
      'f.yaml:11:3  overrides.__proto__: unknown key; expected dataset, searchSpace, search, evaluation, nas or training',
    ],
  ],
  [
    'several trainers where one does the work, and a quorum that no round reaches',
    `${minimal}targets: [8MF]
phases: [search, evaluation]
overrides:
  search: { weights: { localSgd: { trainers: 2, stepsPerRound: 10, quorum: 2 } } }
  evaluation: { weights: { localSgd: { trainers: 4, stepsPerRound: 10, quorum: 5 } } }
  nas: { weights: { localSgd: { trainers: 2, stepsPerRound: 10, quorum: 2 } } }
  training: { weights: { localSgd: { trainers: 0 } } }
`,
    [
      'f.yaml:7:24  overrides.search.weights.localSgd: only the phase warmup has several trainers: add it or leave localSgd out',
      'f.yaml:8:72  overrides.evaluation.weights.localSgd.quorum: expected at most trainers (4), found 5',
      'f.yaml:9:21  overrides.nas.weights.localSgd: expected nothing: one trainer does this, found {"trainers":2,"stepsPerRound":10,"quorum":2}',
      'f.yaml:10:26  overrides.training.weights.localSgd: expected nothing: one trainer does this, found {"trainers":0}',
    ],
  ],
  [
    'a search space that does not fit',
    `${minimal}targets: [8MF]
overrides:
  searchSpace:
    stages:
      - { stride: 1, depth: { min: 3, max: 1 }, width: { min: 1, max: 64 }, depthBinSize: 1, widthBinSize: 7 }
      - { stride: 1, depth: { min: 1, max: 99 }, width: { min: 1, max: 64 }, depthBinSize: 1, widthBinSize: 7 }
`,
    [
      'f.yaml:8:22  overrides.searchSpace.stages[0].depth: expected min <= max, found {"min":3,"max":1}',
      'f.yaml:8:94  overrides.searchSpace.stages[0].widthBinSize: expected a divisor of the 64 widths from 1 to 64, found 7',
      'f.yaml:9:39  overrides.searchSpace.stages[1].depth.max: expected a whole number from 1 to 64, found 99',
      'f.yaml:9:95  overrides.searchSpace.stages[1].widthBinSize: expected a divisor of the 64 widths from 1 to 64, found 7',
    ],
  ],
  [
    'a block of no known type',
    `${minimal}targets: [8MF]\noverrides: { searchSpace: { block: botleneck } }\n`,
    ['f.yaml:5:29  overrides.searchSpace.block: expected basic or bottleneck, found "botleneck"'],
  ],
  [
    'a size in which a published data set does not come',
    `${minimal}targets: [8MF]\noverrides: { dataset: { imageSize: 24 } }\n`,
    ['f.yaml:5:25  overrides.dataset.imageSize: expected 16 or 32, found 24'],
  ],
  [
    'no stages',
    `${minimal}targets: [8MF]\noverrides: { searchSpace: { stages: [] } }\n`,
    ['f.yaml:5:29  overrides.searchSpace.stages: expected 1 to 8 stages, found 0'],
  ],
  [
    'more images than there are, fewer than a batch',
    `${minimal}targets: [8MF]
overrides:
  dataset: { trainImages: 100, testImages: 20000 }
  search: { weights: { batchSize: 101 } }
  evaluation: { calibrationImages: 100 }
  training: { calibrationImages: 100 }
`,
    [
      'f.yaml:6:32  overrides.dataset.testImages: cifar10 has 10000, found 20000 (0 means all)',
      'f.yaml:5:1  overrides.nas.weights.batchSize: expected at most the 50 images of one half of the training images, found 64',
      'f.yaml:7:24  overrides.search.weights.batchSize: expected at most the 50 images of one half of the training images, found 101',
    ],
  ],
  [
    'a warmup that leaves nothing to the search',
    `${minimal}targets: [8MF]\noverrides: { search: { weights: { epochs: 1, batchSize: 2500, warmupFraction: 0.9 } } }\n`,
    ['f.yaml:5:63  overrides.search.weights.warmupFraction: leaves none of the 2 iterations for theta, found 0.9'],
  ],
  [
    'what would fail when all is trained',
    `${minimal}targets: [8MF]\noverrides: { search: { draws: 1001 }, training: { calibrationImages: 1 } }\n`,
    [
      'f.yaml:5:24  overrides.search.draws: expected a whole number from 1 to 1000, found 1001',
      'f.yaml:5:51  overrides.training.calibrationImages: expected a whole number from 2 to 10000000, found 1',
    ],
  ],
  [
    'seeds whose trainings would have none',
    `${minimal}targets: [8MF]\nseeds: [8796093022208]\n`,
    ['f.yaml:5:9  seeds[0]: expected a whole number from 0 to 2^43 - 1, found 8796093022208'],
  ],
  [
    'a negative budget',
    `${minimal}targets: [8MF]\nbudget: { maxWallClockHours: -1, maxDollars: 3 }\n`,
    [
      'f.yaml:5:11  budget.maxWallClockHours: expected hours, 0 for no limit, found -1',
      'f.yaml:5:34  budget.maxDollars: unknown key; expected maxWallClockHours or maxTrainerHours',
    ],
  ],
  [
    'a key given twice',
    `${minimal}targets: [8MF]\nname: b\n`,
    ['f.yaml:5:1  is not valid YAML: Map keys must be unique'],
  ],
];

for (const [title, yaml, faults] of broken) {
  test(`refuses ${title}`, () => {
    const said = messageOf(yaml).split('\n');
    assert.equal(said[0], `f.yaml has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`);
    assert.deepEqual(said.slice(1).toSorted(), faults.map((fault) => `  ${fault}`).toSorted());
  });
}

test('refuses YAML whose aliases would blow it up', () => {
  const levels = Array.from({ length: 12 }, (_, i) => `k${i + 1}: &k${i + 1} [${`*k${i},`.repeat(9)}]`);
  assert.match(messageOf(`k0: &k0 [x]\n${levels.join('\n')}\n`), /f\.yaml:1:1 {2}is refused: .*alias/i);
});

test('refuses what is no YAML, with its place', () => {
  assert.match(messageOf('name: a\ntargets: [8MF\n'), /f\.yaml:\d+:\d+ {2}is not valid YAML/);
});

test('refuses a file that is no campaign file by its size alone', () => {
  assert.match(messageOf('x'.repeat(300_000)), /expected at most 262144 characters, found 300000/);
});

test('any data whatever is read or refused with CampaignFileError, with every line inside the file', () => {
  const keys = fc.constantFrom(
    'name',
    'dataset',
    'preset',
    'targets',
    'seeds',
    'phases',
    'budget',
    'overrides',
    'search',
    'theta',
  );
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(
      'a',
      'cifar10',
      'small',
      'tiny',
      '8MF',
      '5GF',
      'search',
      'nas',
      null,
      true,
      0,
      -1,
      0.5,
      8e6,
    ),
    fc.jsonValue(),
  );
  const { file } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value')),
    ),
    file: fc.dictionary(keys, tie('value')),
  }));
  fc.assert(
    fc.property(file, (content) => {
      const yaml = stringify(content);
      const error = errorOf(yaml);
      for (const { line, column } of error?.faults ?? []) {
        assert.ok(line >= 1 && column >= 1 && line <= yaml.split('\n').length, `${line}:${column} in\n${yaml}`);
      }
    }),
    { numRuns: 100 },
  );
});

function errorOf(yaml: string): CampaignFileError | undefined {
  try {
    parseCampaignFile(yaml, 'f.yaml');
    return undefined;
  } catch (error) {
    assert.ok(error instanceof CampaignFileError, String((error as Error).stack));
    return error;
  }
}

const messageOf = (yaml: string): string => errorOf(yaml)?.message ?? 'no fault';

const folder = {
  path: '/images',
  classNames: ['a', 'b', 'c'],
  trainImages: 120,
  testImages: 30,
  testShare: 0.2,
  splitSeed: 0,
  digest: '0'.repeat(64),
};
const ownImages = `name: mine
dataset: { folder: ./images, split: { test: 0.2 } }
preset: tiny
targets: [0.5MF]
`;

test('a file may name a folder of images; what was found there goes into the spec', () => {
  assert.deepEqual(askedImageFolder(ownImages), { path: './images', split: { testShare: 0.2, seed: 0 } });
  const { spec, resolved } = parseCampaignFile(ownImages, 'mine.yaml', folder);
  assert.equal(spec.dataset, 'folder');
  assert.deepEqual(spec.folder, folder);
  const { dataset } = resolved.settings;
  // The preset asks for 256 and 128: no more than there are.
  assert.deepEqual(dataset, { name: 'folder', folder, imageSize: 16, trainImages: 120, testImages: 30 });
  assert.equal(inputShapeOf(dataset).classes, 3);
  const larger = `${ownImages}overrides: { dataset: { imageSize: 48 } }\n`;
  assert.equal(parseCampaignFile(larger, 'mine.yaml', folder).resolved.settings.dataset.imageSize, 48);
  assert.equal(askedImageFolder(minimal), undefined);
});

test('faults of an image folder stand where they are in the file', () => {
  const faultsOf = (text: string, found?: typeof folder) => {
    try {
      parseCampaignFile(text, 'f.yaml', found);
      return [];
    } catch (error) {
      assert.ok(error instanceof CampaignFileError);
      return error.faults.map(({ field, description, line }) => `${line} ${field}: ${description}`);
    }
  };
  const wrong = 'name: a\ndataset:\n  folder: 7\n  split: { test: 1.5, share: 1 }\npreset: tiny\ntargets: [0.5MF]\n';
  assert.equal(askedImageFolder(wrong), undefined);
  assert.deepEqual(faultsOf(wrong).slice(0, 3), [
    '3 dataset.folder: expected the path of a folder, found 7',
    '4 dataset.split.test: expected a share below 1, found 1.5',
    '4 dataset.split.share: unknown key; expected test or seed',
  ]);
  const few = { ...folder, trainImages: 40 };
  assert.deepEqual(faultsOf(ownImages, few), [
    '1 overrides.search.weights.batchSize: expected at most the 20 images of one half of the training images, found 32',
    '1 overrides.nas.weights.batchSize: expected at most the 20 images of one half of the training images, found 32',
    '1 overrides.evaluation.calibrationImages: expected at most the 40 training images, found 64',
    '1 overrides.training.calibrationImages: expected at most the 40 training images, found 64',
  ]);
  const many = `${ownImages}overrides: { dataset: { trainImages: 500 } }\n`;
  assert.deepEqual(faultsOf(many, folder), [
    '5 overrides.dataset.trainImages: folder /images has 120, found 500 (0 means all)',
  ]);
});
