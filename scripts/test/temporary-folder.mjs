import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that is removed when the test ends. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'nss-setup-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
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
