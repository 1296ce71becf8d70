/*
 * Runs a whole search in the search space of `small` on CIFAR-10, warmup included, with settings that the peer has as well. Argument: seed. Prints
 * the seconds, and how far from the target the mean cost of the Elite Space is.
 */
import { probabilitiesOf, runSearch, selectEliteSpace } from '@nss/search';
import { peerSearch } from './peer-search.ts';
import { openSmallTrainer } from './small-trainer.ts';

const seed = Number(process.argv[2]);
const { targetMultiplyAdds, ...settings } = peerSearch;
const { network, images, search, trainer, ...shape } = await openSmallTrainer(seed);
const run = { space: shape.space, input: shape.input, targetMultiplyAdds, seed };

const start = performance.now();
const { logits } = await runSearch({
  ...run,
  settings,
  images,
  trainer,
});
const seconds = (performance.now() - start) / 1000;
network.close();
const { elite } = selectEliteSpace({ ...run, probabilities: probabilitiesOf(logits) }, search.draws);
console.log(JSON.stringify([{ elite: { seconds, deviation: elite.deviation } }]));
