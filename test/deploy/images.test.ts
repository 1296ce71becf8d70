import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig, parseAddress } from '@nss/runtime';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { serviceConfigurations } from '../service-configurations.ts';
import { standIns } from './images/stand-ins.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Instructions of a Dockerfile, one a line. */
const instructionsOf = (dockerfile: string) =>
  dockerfile
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Stages that a Dockerfile makes. */
const stagesOf = (dockerfile: string) =>
  instructionsOf(dockerfile).flatMap((line) => /^FROM \S+ AS (\S+)$/.exec(line)?.[1] ?? []);

/** Images that it begins with and does not make. */
const basesOf = (dockerfile: string) =>
  instructionsOf(dockerfile)
    .flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? [])
    .filter((name) => !stagesOf(dockerfile).includes(name));

/** What is against the rules in a Dockerfile: those of the linter, and those that images of this project keep. */
function faultsOf(dockerfile: string): string[] {
  const instructions = instructionsOf(dockerfile);
  const bases = basesOf(dockerfile);
  return [
    ...validate(dockerfile).map(({ message }) => String(message)),
    ...bases.filter((name) => !/:\w/.test(name) || name.endsWith(':latest')).map((name) => `${name} has no fixed tag`),
    ...instructions.filter((line) => line.startsWith('ADD ')),
    ...instructions.filter((line) => /apt-get install/.test(line) && !/rm -rf \/var\/lib\/apt\/lists/.test(line)),
    ...instructions.filter((line) => /apt-get install/.test(line) && !/--no-install-recommends/.test(line)),
    ...instructions.filter((line) => /^(ENV|ARG) .*(PASSWORD|TOKEN|SECRET)/.test(line)),
    ...(instructions.some((line) => /^USER [1-9]\d*:[1-9]\d*$/.test(line)) ? [] : ['the user is root, or a name']),
    ...instructions.filter((line) => /^(CMD|ENTRYPOINT) [^[]/.test(line)),
  ];
}

test('the Dockerfile keeps the rules, and the rules see mistakes', () => {
  const dockerfile = read('deploy/Dockerfile');
  assert.deepEqual(faultsOf(dockerfile), []);
  const mistakes: [what: string, from: RegExp, to: string][] = [
    ['a misspelt instruction', /^WORKDIR/m, 'WORKDIRECTORY'],
    ['a tag that moves', /debian:\S+/, 'debian:latest'],
    ['root', /^USER .*$/m, 'USER 0:0'],
    ['package lists left in the image', /&& rm -rf \/var\/lib\/apt\/lists\/\*/, ''],
    ['a command through a shell that is not there', /^ENTRYPOINT .*$/m, 'ENTRYPOINT node'],
    ['a secret in a layer', /^ENV NODE_ENV=production$/m, 'ENV NPM_TOKEN=abc'],
  ];
  for (const [what, from, to] of mistakes) {
    const spoilt = dockerfile.replace(from, to);
    assert.notEqual(spoilt, dockerfile, what);
    assert.notDeepEqual(faultsOf(spoilt), [], what);
  }
});

test('what the images copy is there, and nothing else reaches the builder', () => {
  const copied = instructionsOf(read('deploy/Dockerfile'))
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1));
  for (const path of copied) assert.ok(existsSync(join(root, path)), path);
  const allowed = read('.dockerignore')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  assert.deepEqual(copied.sort(), allowed.sort());
});

test('trainers in images get the allocator that trainers on a machine get', () => {
  const launcher = read('libs/launcher/src/process-environment.ts');
  const powers = [...launcher.matchAll(/(MALLOC_\w+): String\((\d+) \* 2 \*\* (\d+)\)/g)];
  assert.equal(powers.length, 3);
  const environments = instructionsOf(read('deploy/Dockerfile')).filter((line) => line.startsWith('ENV MALLOC'));
  assert.equal(environments.length, 2);
  for (const line of environments) {
    for (const [, name, factor, power] of powers) {
      assert.ok(line.includes(`${name}=${Number(factor) * 2 ** Number(power)} `), `${name} in ${line}`);
    }
  }
});

test('compose runs NATS and every service, each with an environment that it accepts', () => {
  const { services } = parse(read('deploy/compose.yaml'), { merge: true });
  assert.deepEqual(new Set(Object.keys(services)), new Set(['nats', ...Object.keys(serviceConfigurations)]));
  const { version } = JSON.parse(read('package.json'));
  const targets = stagesOf(read('deploy/Dockerfile'));
  for (const [name, configuration] of Object.entries(serviceConfigurations)) {
    const { command, environment, build, image, read_only, cap_drop } = services[name];
    assert.deepEqual(command, [`services/${name}/src/main.ts`]);
    assert.ok(image.endsWith(`:${version}`) && targets.includes(build.target), name);
    assert.deepEqual([read_only, cap_drop], [true, ['ALL']], name);
    const config: Record<string, unknown> = loadConfig(configuration, environment);
    assert.equal(config.NSS_LISTEN, '0.0.0.0:7000');
    for (const variable of Object.keys(environment)) {
      assert.ok(variable in configuration.shape, `${name} does not know ${variable}`);
      if (!variable.endsWith('_ADDRESS')) continue;
      const host = parseAddress(environment[variable])?.host ?? '';
      assert.ok(host in services, `${variable} names no service`);
    }
  }
  const nats = /version: '([\d.]+)'/.exec(read('scripts/setup/nats.mjs'))?.[1];
  assert.equal(services.nats.image, `nats:${nats}-alpine`);
});

test('every image that the Dockerfile begins with or compose runs has a stand-in where its registry cannot be reached', () => {
  const { services } = parse(read('deploy/compose.yaml'), { merge: true });
  const names = [...basesOf(read('deploy/Dockerfile')), services.nats.image];
  assert.deepEqual(Object.keys(standIns).sort(), names.sort());
});

test('what a build is told in secret reaches every step that fetches', () => {
  const fetching: [command: RegExp, secret: string][] = [
    [/apt-get install/, 'ca'],
    [/npm install/, 'npmrc'],
    [/ensureTensorflow\(/, 'pip'],
  ];
  const steps = instructionsOf(read('deploy/Dockerfile')).filter((line) => line.startsWith('RUN '));
  for (const [command, secret] of fetching) {
    const found = steps.filter((line) => command.test(line));
    assert.notEqual(found.length, 0, secret);
    for (const line of found) assert.ok(line.startsWith(`RUN --mount=type=secret,id=${secret},target=`), line);
  }
});
