import assert from 'node:assert/strict';
import { test } from 'node:test';
import { experiments } from '@nss/experiments';
import { experimentSummaries } from '../src/cli/experiment-summaries.ts';
import { folderWith, run } from './run-cli.ts';

const plan = async (t: Parameters<typeof folderWith>[0], ...args: string[]) => {
  const result = await run(['reproduce', ...args, '--plan', '--json'], { cwd: folderWith(t) });
  assert.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout);
};

test('the help explains every experiment in a line', async () => {
  assert.deepEqual(Object.keys(experimentSummaries).sort(), experiments.map(({ name }) => name).sort());
  const { code, stdout } = await run(['reproduce', '--help']);
  assert.equal(code, 0);
  for (const [name, summary] of Object.entries(experimentSummaries)) {
    assert.ok(stdout.includes(`  ${name.padEnd(12)}  ${summary}\n`), name);
  }
});

test('a plan needs no mesh and says what would run and how long that takes', async (t) => {
  const { code, stdout } = await run(['reproduce', 'table1', '--plan', '--trainers', '4'], { cwd: folderWith(t) });
  assert.equal(code, 0);
  assert.match(stdout, /^table1: NAS on Elite Spaces .* \(preset small, cifar10\)$/m);
  // Three seeds by four targets: their searches, two NAS runs each, three trainings of what each finds.
  assert.match(stdout, /^warmup +0 +3 +\d+:\d\d$/m);
  assert.match(stdout, /^search +0 +12 +[\d:]+$/m);
  assert.match(stdout, /^NAS +0 +24 +[\d:]+$/m);
  assert.match(stdout, /^training +0 +72 +[\d:]+$/m);
  assert.match(stdout, /^Together [\d:]+ of trainer time, about [\d:]+ with 4 trainers\.$/m);
  assert.match(stdout, /^Results are kept in runs\/reproduce\/results\.$/m);
});

test('the time of a plan is that of its jobs, shared by the trainers', async (t) => {
  const { kinds, trainerSeconds, trainers, seconds } = await plan(t, 'fig3', '--trainers', '4');
  const sum = kinds.reduce((total: number, kind: { trainerSeconds: number }) => total + kind.trainerSeconds, 0);
  assert.deepEqual([trainerSeconds, trainers, seconds], [sum, 4, sum / 4]);
});

test('options take the place of what the preset says', async (t) => {
  const { experiments: asked, jobs } = await plan(
    t,
    ...['fig3', '--seeds', '4,5', '--targets', '2MF, 8MF', '--dataset', 'fashion-mnist', '--architectures', '10'],
  );
  assert.deepEqual(asked, [
    { experiment: 'fig3', dataset: 'fashion-mnist', targetsMultiplyAdds: [2e6, 8e6], seeds: [4, 5] },
  ]);
  assert.ok(jobs.some(({ title }: { title: string }) => title === 'search, 8 MF, seed 5'));
});

test('a campaign file may stand in place of a preset', async (t) => {
  const cwd = folderWith(t, {
    'mine.yaml': 'name: mine\ndataset: cifar100\npreset: small\ntargets: [4MF]\noverrides: { search: { draws: 9 } }\n',
  });
  const { code, stdout, stderr } = await run(['reproduce', 'observations', '-p', 'mine.yaml', '--plan', '--json'], {
    cwd,
  });
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).experiments, [
    { experiment: 'observations', dataset: 'cifar100', targetsMultiplyAdds: [4e6], seeds: [0, 1, 2] },
  ]);
});

test('an experiment of one target takes the one that is asked for', async (t) => {
  const { experiments: asked } = await plan(t, 'fig5', '--targets', '2MF');
  assert.deepEqual(asked[0].targetsMultiplyAdds, [2e6]);
});

test('every experiment can be planned at every preset', async (t) => {
  for (const preset of ['tiny', 'quickstart', 'small', 'paper']) {
    const { experiments: asked } = await plan(t, 'all', '--preset', preset);
    assert.equal(asked.length, experiments.length, preset);
  }
});

test('experiments together run what they share once', async (t) => {
  const count = async (...names: string[]) => (await plan(t, ...names)).jobs.length;
  const [fig3, baselines, both] = [await count('fig3'), await count('baselines'), await count('fig3', 'baselines')];
  // Warmups, searches, super networks and evaluations of Elite Spaces.
  assert.equal(fig3 + baselines - both, 3 + 12 + 3 + 12);
});

test('what is wrong with a command is said, with what may have been meant', async (t) => {
  const cwd = folderWith(t);
  const cases: [args: string[], message: RegExp][] = [
    [['figg3'], /^nss: there is no experiment "figg3" \(did you mean "fig3"\?\); use fig3, fig4, .* or all$/m],
    [['fig3', '-p', 'smal'], /^nss: there is no preset "smal" \(did you mean "small"\?\), nor such a campaign file/m],
    [['fig3', '--targets', '2MF,much'], /^nss: "much" is no cost: expected multiply-adds such as 8MF/m],
    [['fig3', '--seeds', '0,-1'], /^nss: "-1" is no seed: expected whole numbers such as 0,1,2$/m],
    [
      ['fig3', '--targets', '900MF'],
      /fig3 cannot be done with this:\n {2}targets_multiply_adds\[0\]: no architecture .* costs 900 MF/,
    ],
    [
      ['fig3', 'fig5', '--targets', '2MF,8MF'],
      /fig5 cannot be done with this:\n {2}targets: expected one, found 2 MF, 8 MF; run it by itself, with --targets and one of them$/m,
    ],
    [
      ['fig3', '--dataset', 'cifar11'],
      /dataset: expected fashion-mnist, cifar10 or cifar100, found "cifar11" \(did you mean/,
    ],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await run(['reproduce', ...args, '--plan'], { cwd });
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});
