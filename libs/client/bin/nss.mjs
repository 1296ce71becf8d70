#!/usr/bin/env node
// `npx nss ...`: runs src/main.ts on the pinned Node. Plain JavaScript for any Node >= 20.

import { fileURLToPath } from 'node:url';

const args = process.argv.slice(2);

/** Commands that start a mesh or look at what it needs have it prepared first; the others answer at once. */
function needsMeshParts() {
  if (args.includes('--help') || args.includes('-h')) return false;
  const [command, subcommand] = args.filter((arg) => !arg.startsWith('-'));
  if (command === 'campaign') return subcommand === 'run';
  if (command === 'reproduce') return !args.includes('--plan');
  return ['up', 'doctor', 'quickstart'].includes(command);
}

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
process.argv.splice(2, args.length, ...(needsMeshParts() ? ['--with', 'all'] : []), '--', main, ...args);
await import('../../../scripts/run.mjs');
