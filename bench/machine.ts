import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** What a number was measured on, for people. */
export function describeMachine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const processor = `${processors[0].model.trim()}${processorGeneration()}`;
  return `${processors.length} x ${processor}, ${memory} GiB, ${type()} ${release()}, Node ${process.version}`;
}

/** Virtual machines give processors of several generations, of which one is twice as fast as another, the same name. */
function processorGeneration(): string {
  const told = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const [family, model] = ['cpu family', 'model'].map(
    (name) => new RegExp(`^${name}\\s*: (\\d+)$`, 'm').exec(told)?.[1],
  );
  return family && model ? ` (family ${family}, model ${model})` : '';
}

/** The checkout's commit; `-dirty` when files that git knows differ from it. */
export function describeCommit(): string {
  return execFileSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], { encoding: 'utf8' }).trim();
}
