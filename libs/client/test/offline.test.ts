import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { presetOf } from '@nss/campaign';
import { folderWith, run } from './run-cli.ts';

const paperSpace = '1..4x33..64-5..8x1..32-1..4x1..32';

test('nss flops counts networks and spaces in one table', async () => {
  const { code, stdout, stderr } = await run([
    ...['flops', '2x16-3x32-4x64', '1..4x1..64-1..4x1..64-1..4x1..64', '--preset', 'small', '--target', '8MF'],
  ]);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.equal(
    stdout,
    `NETWORK                           MULTIPLY-ADDS      FROM       TO  PARAMETERS  OF 8 MF
2x16-3x32-4x64                          10.3 MF                          342 k    128 %
1..4x1..64-1..4x1..64-1..4x1..64   mean 19.2 MF  0.155 MF  92.7 MF                240 %
`,
  );
});

test('nss flops --json gives numbers, and reads networks from stdin', async () => {
  const { stdout } = await run(['flops', '-', '--json'], { stdin: '2x16-3x32-4x64\n1x1-1x1-1x1\n' });
  const rows = JSON.parse(stdout);
  assert.deepEqual(rows[0], {
    text: '2x16-3x32-4x64',
    kind: 'architecture',
    multiplyAdds: 41_075_338,
    parameters: 342_074,
  });
  assert.equal(rows.length, 2);
});

test('a character of stdin may come in two pieces', async () => {
  const bytes = Buffer.from('2×16');
  const { stderr } = await run(['flops', '-'], { stdin: [bytes.subarray(0, 2), bytes.subarray(2)] });
  assert.match(stderr, /2×16/);
});

test('a network outside the search space is counted, with a note', async () => {
  const { code, stderr, stdout } = await run(['flops', '2x16-3x32-4x600']);
  assert.equal(code, 0);
  assert.match(stdout, /1\.49 GF/);
  assert.match(stderr, /^note: 2x16-3x32-4x600 is outside the search space/);
});

test('nss space describe shows stages, bins and what the space holds', async () => {
  const { stdout } = await run(['space', 'describe', '--preset', 'small']);
  assert.match(stdout, /^1 +1 +1\.\.4 +4 of 1 +1\.\.64 +16 of 4$/m);
  assert.match(stdout, /^Network spaces: +262,144$/m);
  assert.match(stdout, /^Cost: +0\.155 MF to 92\.7 MF$/m);
});

test('nss space describe of a network space tells its share of the search space', async () => {
  const { stdout } = await run(['space', 'describe', paperSpace]);
  assert.match(stdout, /^Architectures: +2,097,152 \(3\.8e-4 % of the search space\)$/m);
});

test('nss space certify counts every architecture', async () => {
  const human = await run(['space', 'certify', paperSpace, '--target', '100MF']);
  assert.match(human.stdout, /^Architectures: +2,097,152, every one counted$/m);
  assert.match(human.stdout, /^Mean from target: +\+\d+\.\d %$/m);
  const certificate = JSON.parse((await run(['space', 'certify', paperSpace, '--json'])).stdout);
  assert.equal(certificate.exact, true);
  assert.equal(certificate.architectures, 2_097_152);
});

test('nss space sample draws the same with the same seed, inside the space', async () => {
  const draw = async (seed: string) =>
    (await run(['space', 'sample', paperSpace, '-n', '5', '--seed', seed, '--json'])).stdout;
  assert.equal(await draw('3'), await draw('3'));
  assert.notEqual(await draw('3'), await draw('4'));
  const rows: { architecture: string }[] = JSON.parse(await draw('3'));
  assert.equal(rows.length, 5);
  for (const { architecture } of rows) assert.match(architecture, /^[1-4]x\d\d-[5-8]x\d+-[1-4]x\d+$/);
});

test('nss campaign create --dry-run checks a file without a mesh', async (t) => {
  const cwd = folderWith(t, {
    'good.yaml': 'name: mine\ndataset: cifar10\npreset: small\ntargets: [8MF]\nphases: [search]\n',
    'bad.yaml': 'name: mine\ndataset: cifar10\npreset: small\ntargets: [8MF, 5GF]\nphasis: [search]\n',
  });
  const good = await run(['campaign', 'create', 'good.yaml', '--dry-run'], { cwd });
  assert.equal(good.code, 0);
  assert.match(good.stdout, /Targets +8 MF\nSeeds +0\nPhases +search\n/);
  const json = await run(['campaign', 'create', 'good.yaml', '--dry-run', '--json'], { cwd });
  assert.equal(JSON.parse(json.stdout).settings.search.weights.epochs, presetOf('small').search.weights.epochs);
  const bad = await run(['campaign', 'create', 'bad.yaml', '--dry-run'], { cwd });
  assert.equal(bad.code, 2);
  assert.equal(bad.stdout, '');
  assert.match(
    bad.stderr,
    /^nss: bad\.yaml has 2 faults:\n {2}bad\.yaml:4:16 {2}targets\[1\]: .*\n {2}bad\.yaml:5:1 {2}phasis: /,
  );
});

test('nss dataset list says what is on this machine', async () => {
  const { code, stdout, stderr } = await run(['dataset', 'list']);
  assert.equal(code, 0);
  assert.match(stdout, /^cifar100 +100 +50,000 +10,000 +-$/m);
  assert.match(stderr, /nss dataset get NAME/);
});

/** Wrong use: the command line and what it is answered with. */
const wrong: [args: string[], said: RegExp][] = [
  [['flop'], /unknown command 'flop'\n.*Did you mean flops\?/],
  [['flops'], /missing required argument/],
  [['flops', '2x16-3x32'], /has 2 stages; expected 3 stages, as many as the search space has \(preset paper/],
  [['flops', '2x16-3xx-4x64'], /stage 2 is "3xx", expected DEPTHxWIDTH as in 2x16-3x32-4x64/],
  [['flops', '99x16-3x32-4x64'], /stage 1 is 99x16; expected depth 1 to 64 and width 1 to 4096/],
  [['flops', '1x1-1x1-1x1', '--preset', 'big'], /there is no preset "big"; use tiny, quickstart, small, paper/],
  [
    ['flops', '1x1-1x1-1x1', '--dataset', 'mnist'],
    /there is no data set "mnist"; use fashion-mnist, cifar10, cifar100/,
  ],
  [['flops', '1x1-1x1-1x1', '--target', 'much'], /"much" is no cost: expected multiply-adds such as 8MF/],
  [['flops', '-'], /stdin named no architecture and no space/],
  [['space', 'sample', '-n', '0'], /Expected a whole number from 1 to 1000000/],
  [['space', 'certify', '4..1x1..2-1..1x1..1-1..1x1..1'], /smallest first/],
  [['campaign', 'run', 'missing.yaml'], /cannot read campaign file missing\.yaml: there is no such file/],
  [['campaign', 'get', 'My Campaign'], /"My Campaign" is no campaign id/],
  [['dataset', 'get', 'imagenet'], /there is no data set "imagenet"/],
  [['up', '--trainers', 'many'], /Expected a whole number from 1 to 256/],
];

for (const [args, said] of wrong) {
  test(`nss ${args.join(' ')}: wrong use, exit code 2`, async () => {
    const { code, stdout, stderr } = await run(args);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, said);
    assert.doesNotMatch(stderr, /^ {4}at /m);
  });
}

test('without a mesh a command says how to get one, exit code 1', async () => {
  const { code, stderr } = await run(['campaign', 'list']);
  assert.equal(code, 1);
  assert.match(stderr, /^nss: no mesh is running on this machine\nStart one with: nss up\n/);
});

test('every command has help with an example or its subcommands', async () => {
  const commands = [
    ...['quickstart', 'up', 'down', 'status', 'doctor', 'flops', 'campaign', 'space', 'dataset'],
    ...['run', 'create', 'list', 'get', 'watch', 'cancel', 'report'].map((name) => `campaign ${name}`),
    ...['space describe', 'space sample', 'space certify', 'dataset list', 'dataset get'],
  ];
  for (const command of commands) {
    const { code, stdout } = await run([...command.split(' '), '--help']);
    assert.equal(code, 0, command);
    assert.match(stdout, new RegExp(`^Usage: nss ${command}`), command);
    assert.match(stdout, /^(Examples|Commands):$/m, command);
  }
});

test('colours are for terminals, and NO_COLOR is honoured', async () => {
  const args = ['space', 'describe'];
  const startOfColour = String.fromCharCode(27);
  assert.ok((await run(args, { tty: true })).stdout.includes(startOfColour));
  assert.ok(!(await run(args, { tty: true, env: { NO_COLOR: '1' } })).stdout.includes(startOfColour));
  assert.ok(!(await run(args)).stdout.includes(startOfColour));
});

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

test('as a process: the exit code is the result, and stdout carries it alone', () => {
  const good = spawnSync(process.execPath, [main, 'flops', '2x16-3x32-4x64', '--json'], { encoding: 'utf8' });
  assert.deepEqual([good.status, good.stderr], [0, '']);
  assert.equal(JSON.parse(good.stdout)[0].multiplyAdds, 41_075_338);
  const bad = spawnSync(process.execPath, [main, 'flops', 'x'], { encoding: 'utf8' });
  assert.deepEqual([bad.status, bad.stdout], [2, '']);
});
