import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { apiMarkdown } from '../generate/api-markdown.ts';
import { readContracts } from '../generate/contracts.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const released = join(root, 'proto/released/nss.v1.binpb');

test('docs/api.md says what the contracts say: every method, field and value', async () => {
  const files = readContracts();
  const written = apiMarkdown(files);
  assert.equal(await readFile(join(root, 'docs/api.md'), 'utf8'), written, 'run `npm run generate`');
  const messages = files.flatMap((file) => file.messages);
  const named = [
    ...files.flatMap(({ services }) => services.flatMap(({ methods }) => methods)),
    ...messages.flatMap(({ fields }) => fields),
    ...files.flatMap(({ enums }) => enums.flatMap(({ values }) => values)),
  ];
  assert.ok(named.length > 300);
  for (const { name } of named) assert.ok(written.includes(`\`${name}\``), name);
  const links = [...written.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  const headings = [...written.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title.toLowerCase().replace(/[^\w-]/g, ''));
  assert.deepEqual(
    links.filter((anchor) => !headings.includes(anchor)),
    [],
  );
});

test('a field that gets another name breaks the released contracts, a new one does not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nss-contracts-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await cp(join(root, 'proto'), join(folder, 'proto'), { recursive: true });
  await cp(join(root, 'buf.yaml'), join(folder, 'buf.yaml'));
  const breaking = () =>
    run(process.execPath, [join(root, 'node_modules/@bufbuild/buf/bin/buf'), 'breaking', '--against', released], {
      cwd: folder,
    });
  const file = join(folder, 'proto/nss/v1/space.proto');
  const contract = await readFile(file, 'utf8');

  await writeFile(file, contract.replace('int32 stem_width = 1;', 'int32 stem_width = 1;\n  int32 new_field = 1000;'));
  await breaking();
  await writeFile(file, contract.replace('int32 stem_width = 1;', 'int32 stem_channels = 1;'));
  await assert.rejects(breaking(), ({ stdout }) => stdout.includes('"stem_width"') && stdout.includes('space.proto'));
});
