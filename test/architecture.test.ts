import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

/** What each library may stand on; a library that is not named here may not be used at all. */
const mayUse: Record<string, readonly string[]> = {
  space: [],
  cost: ['space'],
  search: ['space', 'cost'],
  analysis: ['space'],
  tensor: [],
  datasets: ['space'],
  supernet: ['space', 'tensor'],
  contracts: ['space'],
  campaign: ['space', 'cost', 'contracts'],
  runtime: [],
  pki: [],
  rpc: ['contracts', 'runtime'],
  bus: ['contracts', 'runtime', 'rpc'],
  jobs: ['contracts', 'runtime', 'rpc', 'bus'],
  trainers: ['space', 'search', 'contracts', 'runtime', 'rpc', 'bus'],
  'trainer-jobs': ['space', 'cost', 'search', 'campaign', 'contracts', 'runtime', 'rpc', 'bus', 'jobs', 'trainers'],
  report: ['space', 'cost', 'analysis'],
  exports: ['space', 'cost', 'contracts'],
  'job-apis': ['contracts', 'rpc'],
  experiments: ['space', 'cost', 'search', 'analysis', 'campaign', 'contracts', 'rpc', 'job-apis', 'report'],
  launcher: ['runtime', 'rpc', 'bus', 'contracts', 'tensor'],
  client: [
    'space',
    'cost',
    'campaign',
    'datasets',
    'exports',
    'contracts',
    'runtime',
    'rpc',
    'job-apis',
    'report',
    'experiments',
    'launcher',
    'pki',
  ],
};

/** Libraries without I/O and clocks; randomness comes in as an argument. */
const pure = ['space', 'cost', 'search', 'analysis'];

const root = join(import.meta.dirname, '..');

type Source = { readonly file: string; readonly folder: string; readonly owner: string; readonly text: string };

async function sources(pattern: string): Promise<Source[]> {
  const found: Source[] = [];
  for await (const file of glob(pattern, { cwd: root })) {
    const [folder, owner] = file.split('/');
    found.push({ file, folder, owner, text: await readFile(join(root, file), 'utf8') });
  }
  assert.ok(found.length > 0, `nothing matches ${pattern}`);
  return found;
}

const importsOf = (text: string): string[] =>
  [
    ...text.matchAll(/^(?:import|export) (?:type )?(?:[\w*]+(?: as \w+)?|(?:\w+, )?\{[^}]*\}) from '([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
    ...text.matchAll(/^import '([^']+)'/gm),
  ].map(([, specifier]) => specifier);
const nssImportsOf = (text: string) => importsOf(text).filter((specifier) => specifier.startsWith('@nss/'));

test('libraries import only what lies below them', async () => {
  for (const { file, owner, text } of await sources('libs/*/src/**/*.ts')) {
    // What a library offers to tests may use what tests use.
    if (file.endsWith('testing.ts')) continue;
    assert.ok(mayUse[owner], `${owner} has no place in the order of libraries: add it to this test`);
    for (const specifier of nssImportsOf(text)) {
      const used = specifier.split('/')[1];
      assert.ok(used === owner || mayUse[owner].includes(used), `${file} imports ${specifier}`);
    }
  }
});

test('services import libraries, never each other', async () => {
  const services = new Set((await sources('services/*/src/**/*.ts')).map(({ owner }) => owner));
  for (const { file, owner, text } of await sources('services/*/{src,test}/**/*.ts')) {
    for (const specifier of nssImportsOf(text)) {
      const used = specifier.split('/')[1];
      assert.ok(used === owner || !services.has(used), `${file} imports ${specifier}`);
    }
    for (const specifier of importsOf(text)) {
      if (!specifier.startsWith('.')) continue;
      assert.ok(
        join(dirname(file), specifier).startsWith(`services/${owner}/`),
        `${file} reaches out of its service: ${specifier}`,
      );
    }
  }
});

test('packages declare what they import, and are imported through their index only', async () => {
  for (const { file, folder, owner, text } of await sources('{libs,services}/*/src/**/*.ts')) {
    const manifest = JSON.parse(await readFile(join(root, folder, owner, 'package.json'), 'utf8'));
    const declared = { ...manifest.dependencies, ...manifest.optionalDependencies };
    for (const specifier of importsOf(text)) {
      if (specifier.startsWith('.')) {
        assert.ok(join(dirname(file), specifier).startsWith(`${folder}/${owner}/`), `${file} imports ${specifier}`);
        continue;
      }
      if (specifier.startsWith('node:')) continue;
      const [scope, name] = specifier.split('/');
      const dependency = scope.startsWith('@') ? `${scope}/${name}` : scope;
      if (file.endsWith('testing.ts') && !declared[dependency]) continue;
      assert.ok(declared[dependency], `${file} imports ${specifier}, which ${owner}/package.json does not declare`);
      if (scope === '@nss') {
        assert.match(specifier, /^@nss\/[a-z-]+(\/testing)?$/, `${file} reaches into ${specifier}`);
        assert.ok(!specifier.endsWith('/testing') || file.endsWith('testing.ts'), `${file} uses a test fixture`);
      }
    }
  }
});

test('pure libraries use no I/O, no clock and no randomness of their own', async () => {
  for (const { file, text } of await sources(`libs/{${pure.join()}}/src/**/*.ts`)) {
    for (const specifier of importsOf(text)) assert.ok(!specifier.startsWith('node:'), `${file} imports ${specifier}`);
    assert.doesNotMatch(text, /Math\.random\(|Date\.now\(|new Date\(\)|performance\.|process\./, file);
  }
});

test('only libs/tensor imports TensorFlow.js, and only the trainer computes with it', async () => {
  for (const { file, owner, text } of await sources('{libs,services}/*/src/**/*.ts')) {
    const tensorflow = importsOf(text).some((specifier) => specifier.startsWith('@tensorflow/'));
    assert.ok(!tensorflow || owner === 'tensor', `${file} imports TensorFlow.js`);
    const computes = nssImportsOf(text).some((specifier) => /^@nss\/(tensor|supernet)$/.test(specifier));
    const allowed = ['tensor', 'supernet', 'supernet-trainer', 'launcher'];
    assert.ok(!computes || allowed.includes(owner), `${file} computes with tensors`);
  }
});
