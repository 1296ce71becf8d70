import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { EstimateArchitecturesRequest, FlopsEstimatorServiceService } from '@nss/contracts';
import { connect } from '@nss/rpc';

const main = new URL('../src/main.ts', import.meta.url).pathname;

function start(env: Record<string, string>): ChildProcess & { stderr: Readable } {
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, NSS_INSECURE: 'loopback', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  assert.ok(child.stderr);
  return Object.assign(child, { stderr: child.stderr });
}

test('the service says where it listens, answers, and ends with 0 on SIGTERM', async (t) => {
  const child = start({ NSS_LISTEN: '127.0.0.1:0', NSS_LOG_LEVEL: 'info' });
  t.after(() => child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  let address: string | undefined;
  for await (const line of createInterface({ input: child.stderr })) {
    address = JSON.parse(line).address;
    if (address) break;
  }
  assert.ok(address, 'a log line with the address');

  const client = connect(FlopsEstimatorServiceService, address);
  const range = { min: 1, max: 16 };
  const stage = { stride: 1, depth: range, width: range, depthBinSize: 1, widthBinSize: 1 };
  const request = EstimateArchitecturesRequest.create({
    input: { height: 8, width: 8, channels: 3, classes: 10 },
    searchSpace: { stemWidth: 16, stages: [stage] },
    depthsAndWidths: [2, 4],
  });
  // Stem, first block with its projection, second block, head.
  const expected = 64 * (9 * 3 * 16 + 9 * 16 * 4 + 9 * 4 * 4 + 16 * 4 + 2 * 9 * 4 * 4) + 4 * 10 + 10;
  assert.deepEqual((await client.estimateArchitectures(request)).multiplyAdds, [expected]);
  client.close();

  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
});

test('a wrong configuration ends it with 1, in words', async () => {
  const child = start({ NSS_LISTEN: 'everywhere', NSS_SHUTDOWN_GRACE_MS: 'soon' });
  const exit = once(child, 'exit');
  const said = (await child.stderr.toArray()).join('');
  assert.deepEqual(await exit, [1, null]);
  assert.match(said, /NSS_LISTEN: expected host:port/);
  assert.match(said, /NSS_SHUTDOWN_GRACE_MS: expected a whole number/);
});
