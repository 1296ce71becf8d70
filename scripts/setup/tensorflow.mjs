import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cachedFolder } from './cache.mjs';
import { SetupError, say, step } from './progress.mjs';
import { downloadAddon } from './tensorflow-download.mjs';
import { addonBuild, buildFromWheel, wheelVersion } from './tensorflow-wheel.mjs';

/** How long a failed set-up is remembered before it is tried again, so that not every start waits for a time-out. */
const retryAfterMs = 24 * 60 * 60 * 1000;

/** @typedef {{name: 'tensorflow' | 'wasm', libraryPath: string[]}} Engine `libraryPath`: for LD_LIBRARY_PATH */

/**
 * Gives tfjs-node its native parts (`lib/` with the addon, `deps/` with libtensorflow): built against TensorFlow's
 * wheel, else by tfjs-node's own download. Both end up in the cache; the package in `node_modules` links to them.
 * Without either, the engine is the wasm backend, and a warning says what that costs.
 *
 * `NSS_ENGINE`: `tensorflow` makes a failure an error, `wasm` does nothing here. `NSS_GPU`: `0` for the CPU on a machine with an
 * NVIDIA driver, `1` for CUDA on a machine without (where images are made).
 *
 * @returns {Promise<Engine>}
 * @throws {SetupError} when `NSS_ENGINE=tensorflow` cannot be had, or is neither
 */
export async function ensureTensorflow({ checkout, cache, node, env }) {
  const wanted = env.NSS_ENGINE || undefined;
  if (wanted !== undefined && wanted !== 'tensorflow' && wanted !== 'wasm') {
    throw new SetupError(`NSS_ENGINE is "${wanted}": tensorflow or wasm are understood.`);
  }
  if (wanted === 'wasm') return { name: 'wasm', libraryPath: [] };

  const packageFolder = join(checkout, 'node_modules/@tensorflow/tfjs-node');
  if (!existsSync(packageFolder)) {
    const reason =
      'the npm package @tensorflow/tfjs-node is not installed (it is optional; run `npm install` to try again)';
    return withoutTensorflow(wanted, [reason]);
  }

  const context = { cache, node, env, packageFolder, packageVersion: packageVersion(packageFolder) };
  const gpu = env.NSS_GPU === '1' || (env.NSS_GPU !== '0' && existsSync('/proc/driver/nvidia/version'));
  const failures = [];
  for (const source of sources(context, gpu)) {
    const target = join(cache, source.folder);
    const known = wanted === 'tensorflow' || existsSync(target) ? undefined : recentFailure(target);
    if (known !== undefined) {
      failures.push(known);
      continue;
    }
    try {
      const folder = await cachedFolder(target, (into) => step(source.what, () => source.make(into, context)));
      link(packageFolder, folder);
      return { name: 'tensorflow', libraryPath: libraryPathOf(folder) };
    } catch (error) {
      say(`  that failed: ${error.message}`);
      failures.push(`${source.what}: ${error.message}`);
      remember(target, failures.at(-1));
    }
  }
  return withoutTensorflow(wanted, failures);
}

/** In order of preference. The versions are part of the folder's name: a new pin makes a new folder. */
function sources({ packageVersion }, gpu) {
  const suffix = `tfjs${packageVersion}-${process.arch}`;
  const wheel = (variant) => ({
    folder: `tensorflow-${wheelVersion}-${variant}-${suffix}-${addonBuild}`,
    what: `Building tfjs-node's addon against TensorFlow ${wheelVersion} (${variant})`,
    make: (into, context) => buildFromWheel(into, variant, context),
  });
  const own = { folder: `tensorflow-own-${suffix}`, what: "Running tfjs-node's own download", make: downloadAddon };
  return [...(gpu ? [wheel('cuda')] : []), wheel('cpu'), own];
}

/**
 * Makes `lib` and `deps` of the package point into the cache. The addon finds libtensorflow from its real place.
 */
function link(packageFolder, folder) {
  for (const name of ['lib', 'deps']) {
    const path = join(packageFolder, name);
    const target = join(folder, name);
    if (linkTarget(path) === target) continue;
    const temporary = `${path}.${process.pid}`;
    symlinkSync(target, temporary);
    if (existsSync(path) && !lstatSync(path).isSymbolicLink()) rmSync(path, { recursive: true });
    renameSync(temporary, path);
  }
}

function linkTarget(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Folders with libraries that TensorFlow opens by name (CUDA), written by whoever filled the cache folder. */
function libraryPathOf(folder) {
  const list = join(folder, 'library-path.txt');
  if (!existsSync(list)) return [];
  return readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => join(folder, line));
}

function packageVersion(packageFolder) {
  return JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version;
}

function failureFile(target) {
  return `${target}.failed.json`;
}

function recentFailure(target) {
  try {
    const { at, reason } = JSON.parse(readFileSync(failureFile(target), 'utf8'));
    return Date.now() - at < retryAfterMs ? reason : undefined;
  } catch {
    return undefined;
  }
}

function remember(target, reason) {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(failureFile(target), JSON.stringify({ at: Date.now(), reason }));
}

/** @param {string[]} reasons the best source's first */
function withoutTensorflow(wanted, reasons) {
  if (wanted === 'tensorflow') {
    throw new SetupError(
      `NSS_ENGINE=tensorflow, but TensorFlow cannot be had:\n${reasons.map((reason) => `- ${reason}`).join('\n')}\n` +
        'Ways out: python3 with pip and g++ on this machine (Debian: apt-get install python3-pip g++), or NSS_ENGINE=wasm.',
    );
  }
  // Tools say what is wrong in their last line.
  const summary = reasons[0].trimEnd().split('\n').at(-1).trim();
  say(
    `WARNING: TensorFlow is not available, training runs on WebAssembly, several times slower. Why: ${summary} ` +
      '(NSS_ENGINE=tensorflow tries again and tells all; NSS_ENGINE=wasm silences this)',
  );
  return { name: 'wasm', libraryPath: [] };
}
