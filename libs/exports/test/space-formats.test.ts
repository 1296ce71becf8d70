import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { architectureCost } from '@nss/cost';
import { type BlockType, blockTypes, drawArchitecture, formatArchitecture, parseSpace, randomOf } from '@nss/space';
import { parse } from 'yaml';
import { z } from 'zod';
import { exportSpace, spaceFileSchema } from '../src/index.ts';
import { exported } from './spaces.ts';

const run = promisify(execFile);

test('a space file holds what the space is, in the form that docs/schemas says', async () => {
  const file = spaceFileSchema.parse(JSON.parse(exportSpace(exported, 'json')));
  assert.deepEqual(parseSpace(file.text), exported.space);
  assert.deepEqual(
    file.stages.map(({ depth, width }) => ({ depth, width })),
    exported.space.stages,
  );
  assert.deepEqual(
    [file.schema, file.stemWidth, file.target, file.source],
    ['nss.space/v1', 4, 500_000, exported.source],
  );
  assert.ok(file.cost.min < file.cost.mean && file.cost.mean < file.cost.max);

  const schema = join(import.meta.dirname, '../../../docs/schemas/nss.space.v1.json');
  assert.deepEqual(JSON.parse(await readFile(schema, 'utf8')), z.toJSONSchema(spaceFileSchema, { io: 'input' }));
  assert.throws(() => spaceFileSchema.parse({ ...file, schema: 'nss.space/v2' }));
});

test('a Katib Experiment has one integer parameter a variable, and every trial gets all of them', () => {
  const experiment = parse(exportSpace(exported, 'katib'));
  assert.equal(experiment.apiVersion, 'kubeflow.org/v1beta1');
  assert.equal(experiment.kind, 'Experiment');
  assert.match(experiment.metadata.name, /^[a-z0-9-]{1,63}$/);
  assert.deepEqual(experiment.spec.parameters[1], {
    name: 'width1',
    parameterType: 'int',
    feasibleSpace: { min: '9', max: '16' },
  });
  const names = experiment.spec.parameters.map(({ name }: { name: string }) => name);
  assert.deepEqual(names, ['depth1', 'width1', 'depth2', 'width2']);
  const { trialParameters, primaryContainerName, trialSpec } = experiment.spec.trialTemplate;
  assert.deepEqual(
    trialParameters.map(({ reference }: { reference: string }) => reference),
    names,
  );
  const [container] = trialSpec.spec.template.spec.containers;
  assert.equal(container.name, primaryContainerName);
  assert.deepEqual(
    container.args,
    names.map((name: string) => `--${name}=\${trialParameters.${name}}`),
  );
});

test('NNI and Ray Tune get exclusive upper bounds', () => {
  const nni = JSON.parse(exportSpace(exported, 'nni'));
  assert.deepEqual(nni.depth1, { _type: 'randint', _value: [1, 3] });
  assert.deepEqual(nni.depth2, { _type: 'randint', _value: [3, 4] });
  assert.match(exportSpace(exported, 'ray'), /"width2": tune\.randint\(1, 9\),/);
});

test('a space file names the type of its blocks', () => {
  const blockIn = (space: typeof exported) => spaceFileSchema.parse(JSON.parse(exportSpace(space, 'json'))).block;
  assert.equal(blockIn(exported), 'basic-residual');
  assert.equal(blockIn(ofBlock('bottleneck')), 'bottleneck-residual');
});

const ofBlock = (block: BlockType) => ({ ...exported, searchSpace: { ...exported.searchSpace, block } });

for (const [format, block] of (['optuna', 'ray'] as const).flatMap((each) =>
  blockTypes.map((type) => [each, type] as const),
)) {
  test(`the ${format} file of a space of ${block} blocks is Python, and counts multiply-adds as NSS does`, async (t) => {
    const folder = await folderOf(t);
    const { searchSpace } = ofBlock(block);
    await writeFile(join(folder, 'exported.py'), exportSpace({ ...exported, searchSpace }, format));
    // What it imports is not needed to count.
    const stubs = "import sys, types; ray = types.ModuleType('ray'); ray.tune = types.SimpleNamespace(randint=range); ";
    const use =
      "sys.modules.update(ray=ray, optuna=types.ModuleType('optuna')); import exported, json; " +
      'print(json.dumps([[exported.text(n), exported.multiply_adds(n)] for n in json.loads(sys.argv[1])]))';
    const random = randomOf(0, 'networks');
    const networks = Array.from({ length: 20 }, () => drawArchitecture(random, exported.space));
    const packed = JSON.stringify(networks.map(({ stages }) => stages.map(({ depth, width }) => [depth, width])));
    const { stdout } = await run('python3', ['-B', '-c', stubs + use, packed], { cwd: folder });
    assert.deepEqual(
      JSON.parse(stdout),
      networks.map((network) => [formatArchitecture(network), architectureCost(searchSpace, exported.input, network)]),
    );
  });
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nss-exports-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
