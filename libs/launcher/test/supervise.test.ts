import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { identify, isAlive, residentBytes } from '../src/process-identity.ts';
import {
  nextRestartWait,
  type ProcessEvent,
  type ProcessSpec,
  type RestartPolicy,
  superviseProcess,
} from '../src/supervise.ts';
import { temporaryFolder, until, writeText } from './fixture.ts';

const policy: RestartPolicy = { firstMs: 1, maxMs: 4, recoveredAfterMs: 60_000 };

function supervised(t: TestContext, program: string, spec: Partial<ProcessSpec> = {}) {
  const logFile = join(temporaryFolder(t), 'process.log');
  const events: ProcessEvent[] = [];
  const supervisedProcess = superviseProcess(
    { name: 'example', command: '/bin/sh', args: ['-c', program], env: process.env, logFile, ...spec },
    { policy, onChange: (event) => events.push(event) },
  );
  t.after(() => supervisedProcess.stop(0));
  return { supervisedProcess, events, logFile };
}

test('a process that ends during start-up fails the start, with its exit code and the end of its log', async (t) => {
  const { supervisedProcess, events, logFile } = supervised(t, 'echo no such table >&2; exit 3');
  await assert.rejects(supervisedProcess.startupFailure, (error: Error) => {
    assert.equal(error.name, 'StartupFailure');
    assert.match(error.message, /example exited with code 3 while the mesh was starting/);
    assert.match(error.message, /no such table/);
    assert.ok(error.message.includes(logFile));
    return true;
  });
  assert.equal(events.filter(({ type }) => type === 'started').length <= 1, true);
});

test('a program that does not exist fails the start', async (t) => {
  const { supervisedProcess } = supervised(t, '', { command: '/nowhere/program' });
  await assert.rejects(supervisedProcess.startupFailure, /could not be started: .*ENOENT/);
});

test('a process that ends later is started again, each time as a new process', async (t) => {
  const { supervisedProcess } = supervised(t, 'exec sleep 600');
  supervisedProcess.keepRunning();
  const pids = new Set<number>();
  for (const restarts of [0, 1, 2]) {
    const state = await until(() => supervisedProcess.state()?.restarts === restarts && supervisedProcess.state());
    pids.add(state.pid);
    process.kill(state.pid, 'SIGKILL');
    await until(() => !isAlive(state));
  }
  assert.equal(pids.size, 3);
});

test('a stopped process is gone and stays away, even one that ignores SIGTERM', async (t) => {
  const { supervisedProcess, events, logFile } = supervised(t, `trap "" TERM; echo ready; while :; do sleep 600; done`);
  supervisedProcess.keepRunning();
  const state = supervisedProcess.state();
  assert.ok(state);
  await until(() => readFileSync(logFile, 'utf8').includes('ready'));
  await supervisedProcess.stop(1);
  assert.equal(isAlive(state), false);
  assert.equal(supervisedProcess.state(), undefined);
  assert.deepEqual(events.at(-1), { type: 'ended', name: 'example', how: 'was ended by SIGKILL', expected: true });
});

test('waits double up to the longest, and start over after a run that lasted', () => {
  const durations = fc.integer({ min: 0, max: 100_000 });
  fc.assert(
    fc.property(fc.option(fc.integer({ min: 500, max: 30_000 }), { nil: undefined }), durations, (previous, ran) => {
      const wait = nextRestartWait({ firstMs: 500, maxMs: 30_000, recoveredAfterMs: 60_000 }, previous, ran);
      const expected = previous === undefined || ran >= 60_000 ? 500 : Math.min(previous * 2, 30_000);
      assert.equal(wait, expected);
    }),
  );
});

test('a process is told from a later one with its pid, and from a dead one', async () => {
  const child = spawn('/bin/sh', ['-c', 'read line']);
  await once(child, 'spawn');
  const identity = identify(child.pid as number);
  assert.ok(identity);
  assert.equal(isAlive(identity), true);
  assert.equal(isAlive({ ...identity, startTime: '1' }), false);
  assert.ok((residentBytes(identity.pid) ?? 1) > 0);
  child.stdin.end('\n');
  await once(child, 'exit');
  assert.equal(isAlive(identity), false);
  assert.equal(identify(identity.pid), undefined);
});

test('a name with parentheses and spaces does not confuse the reading of /proc', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const program = writeText(join(temporaryFolder(t), 'a) R (b'), '#!/bin/sh\nread line\n', 0o755);
  const child = spawn(program);
  await once(child, 'spawn');
  const identity = await until(() => identify(child.pid as number));
  assert.match(identity.startTime, /^\d{3,}$/);
  child.stdin.end('\n');
  await once(child, 'exit');
});
