import { noHosts } from './hosts.ts';
import { cutOffATrainer } from './scenario.ts';

/*
 * The mesh in network namespaces, one host a service; a trainer's host is cut off and brought back: npm run netns, as root.
 */

if (noHosts) {
  process.stderr.write(`${noHosts}\n`);
  process.exit(1);
}
const { undisturbed, disturbed } = await cutOffATrainer((line) => process.stdout.write(`${line}\n`));
const same = JSON.stringify(undisturbed) === JSON.stringify(disturbed);
process.stdout.write(`the campaign found ${same ? 'the same' : 'something else'}\n`);
process.exitCode = same ? 0 : 1;
