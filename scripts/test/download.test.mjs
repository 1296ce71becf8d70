import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { download } from '../setup/download.mjs';
import { temporaryFolder } from './fixture.mjs';

const content = 'an archive';
const sha256 = createHash('sha256').update(content).digest('hex');

async function serve(t) {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/archive' ? 200 : 404;
    response.end(content);
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

test('a download is kept when its SHA-256 is the expected one', async (t) => {
  const path = join(temporaryFolder(t), 'archive');
  await download(`${await serve(t)}/archive`, path, sha256);
  assert.equal(readFileSync(path, 'utf8'), content);
});

test('another file, a missing one and a host that is not there are told apart', async (t) => {
  const base = await serve(t);
  const path = join(temporaryFolder(t), 'archive');
  const zeros = '0'.repeat(64);
  await assert.rejects(
    download(`${base}/archive`, path, zeros),
    new RegExp(`SHA-256 ${zeros} expected, ${sha256} found`),
  );
  await assert.rejects(download(`${base}/gone`, path, sha256), /answered 404/);
  await assert.rejects(download('http://127.0.0.1:1/archive', path, sha256), /cannot be reached \(E?\w+/);
});
