import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { checkSha256 } from './download.mjs';

/** The TensorFlow that the addon is built against. tfjs-node uses 55 functions of its C API; all are there. */
export const wheelVersion = '2.21.0';

/** Counts changes of how the addon is built: a new number makes a new folder. */
export const addonBuild = 2;

/**
 * Only the C++ libraries and headers of the wheel are used, so that Python's version does not matter: one fixed tag is asked
 * for, whatever the Python of this machine is.
 */
const pythonTag = ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'];

/** pip's name for the platform and, where it has been seen, the SHA-256 of the wheel (pip checks the index's in any case). */
const platforms = {
  'linux-x64': {
    tag: 'manylinux_2_27_x86_64',
    sha256: { 'tensorflow-cpu': '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c' },
  },
  'linux-arm64': { tag: 'manylinux_2_27_aarch64', sha256: {} },
};

/**
 * Fills `into` with `lib/napi-v8/tfjs_binding.node` and `deps/lib/libtensorflow*`, as tfjs-node wants them.
 *
 * @param {'cpu' | 'cuda'} variant `cuda` also unpacks NVIDIA's libraries, in the versions that the wheel asks for
 * @throws {Error} when the wheel cannot be had or the addon cannot be built
 */
export async function buildFromWheel(into, variant, { node, packageFolder, env }) {
  const platform = platforms[`${process.platform}-${process.arch}`];
  if (platform === undefined)
    throw new Error(`TensorFlow has no wheel with its C libraries for ${process.platform}-${process.arch}`);

  const work = join(into, 'work');
  mkdirSync(work);
  const wheels = await fetchWheels(work, variant, platform, env);
  await unpack(wheels, work, env);
  takeLibraries(work, into);
  if (variant === 'cuda') takeCudaLibraries(work, into);
  await compileAddon(work, into, { node, packageFolder, env });
  rmSync(work, { recursive: true });
}

/** The wheel of TensorFlow first. */
async function fetchWheels(work, variant, platform, env) {
  const project = variant === 'cuda' ? 'tensorflow' : 'tensorflow-cpu';
  const requirement = variant === 'cuda' ? `${project}[and-cuda]==${wheelVersion}` : `${project}==${wheelVersion}`;
  const folder = join(work, 'wheels');
  const args = ['-m', 'pip', 'download', '--disable-pip-version-check', '--only-binary=:all:', ...pythonTag];
  // Newer manylinux tags than the first: the CUDA wheels have their own.
  const tags = [
    platform.tag,
    ...(variant === 'cuda' ? [platform.tag.replace('2_27', '2_17'), platform.tag.replace('_2_27', '2014')] : []),
  ];
  const platformArgs = tags.flatMap((tag) => ['--platform', tag]);
  const dependencies = variant === 'cuda' ? [] : ['--no-deps'];
  await runCommand('python3', [...args, ...platformArgs, ...dependencies, '-d', folder, requirement], {
    env,
    show: process.stderr.isTTY,
  });

  const names = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  const own = names.find((name) => name.startsWith(`${project.replace('-', '_')}-${wheelVersion}-`));
  if (own === undefined)
    throw new Error(`pip brought no wheel of ${requirement}, but: ${names.join(', ') || 'nothing'}`);
  const sha256 = platform.sha256[project];
  if (sha256 !== undefined) await checkSha256(join(folder, own), sha256, own);
  return [own, ...names.filter((name) => name.startsWith('nvidia_'))].map((name) => join(folder, name));
}

/** Python unpacks: it is there, since pip is, and a wheel is a zip file that needs no other tool. */
const unpackScript = `
import sys, zipfile
into, *wheels = sys.argv[1:]
for wheel in wheels:
    with zipfile.ZipFile(wheel) as archive:
        wanted = [name for name in archive.namelist()
                  if name.startswith(('tensorflow/libtensorflow_', 'nvidia/'))
                  or name.startswith('tensorflow/include/') and not name.endswith('.cc')]
        archive.extractall(into, wanted)
`;

async function unpack(wheels, work, env) {
  await runCommand('python3', ['-c', unpackScript, work, ...wheels], { env });
  rmSync(join(work, 'wheels'), { recursive: true });
}

function takeLibraries(work, into) {
  const lib = join(into, 'deps/lib');
  mkdirSync(lib, { recursive: true });
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    renameSync(join(work, 'tensorflow', name), join(lib, name));
  }
  // The names that the linker asks for. The wheel's C++ library holds the C API too.
  symlinkSync('libtensorflow_cc.so.2', join(lib, 'libtensorflow.so'));
  symlinkSync('libtensorflow_framework.so.2', join(lib, 'libtensorflow_framework.so'));
}

function takeCudaLibraries(work, into) {
  renameSync(join(work, 'nvidia'), join(into, 'deps/nvidia'));
  const folders = readdirSync(join(into, 'deps/nvidia')).map((name) => join('deps/nvidia', name, 'lib'));
  writeFileSync(join(into, 'library-path.txt'), folders.join('\n'));
}

/**
 * Two source files and one compiler call, with the flags of the package's binding.gyp. Going through node-gyp would
 * want to download the headers of Node, which the pinned Node's package already brings.
 */
async function compileAddon(work, into, { node, packageFolder, env }) {
  // tfjs-node looks for its addon under the highest N-API version that it was released for: 8.
  const folder = join(into, 'lib/napi-v8');
  mkdirSync(folder, { recursive: true });
  const includes = ['.', '..', join(work, 'tensorflow/include'), node.include];
  await runCommand(
    'g++',
    [
      ...['-std=c++17', '-O2', '-shared', '-fPIC', '-DNAPI_VERSION=8'],
      ...includes.map((path) => `-I${path}`),
      ...['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc', '-o', join(folder, 'tfjs_binding.node')],
      ...[`-L${join(into, 'deps/lib')}`, '-ltensorflow', '-ltensorflow_framework'],
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
      // Node unloads the addon with the thread that computes; what TensorFlow has registered for the end of the process
      // would then be code that is not there any more, and every exit a crash.
      '-Wl,-z,nodelete',
    ],
    { cwd: packageFolder, env },
  );
}
