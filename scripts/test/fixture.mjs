import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that is removed when the test ends. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'nss-setup-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Keeps what the set-up says out of the test report; returns a function that tells it. */
export function captureProgress(t) {
  const { mock } = t.mock.method(process.stderr, 'write', () => true);
  return () => mock.calls.map(({ arguments: [text] }) => text).join('');
}

/** Writes a file, with the folders above it, and returns its path. */
export function writeFile(path, content, { mode = 0o644 } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** A shell script as a stand-in for a program. */
export function writeProgram(path, body = 'exit 0') {
  return writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}
