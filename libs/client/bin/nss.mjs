#!/usr/bin/env node
// `npx nss ...`: hands over to the pinned Node, which runs src/main.ts. Plain JavaScript for any Node >= 20.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ownPath = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const args = process.argv.slice(2);

/** Commands that start a mesh or look at one from inside need its parts; the others must answer at once. */
const startsMesh = () => {
  if (args.some((arg) => arg === '--help' || arg === '-h')) return false;
  const [command, subcommand] = args.filter((arg) => !arg.startsWith('-'));
  return ['up', 'doctor', 'quickstart'].includes(command) || (command === 'campaign' && subcommand === 'run');
};

const child = spawn(
  process.execPath,
  [
    ownPath('../../../scripts/run.mjs'),
    ...(startsMesh() ? ['--with', 'all'] : []),
    '--',
    ownPath('../src/main.ts'),
    ...args,
  ],
  { stdio: 'inherit' },
);

// The terminal sends Ctrl-C to the whole group; other signals come here only.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`nss: cannot start: ${error.message}\n`);
  process.exitCode = 1;
});
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
