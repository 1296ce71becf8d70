/*
 * Runs a whole search for 8 million multiply-adds at the preset `small` on CIFAR-10, warmup included. Arguments: seed, epochs. Prints the
 * seconds, and how far from the target the mean cost of the Elite Space is.
 */
import { probabilitiesOf, runSearch, selectEliteSpace } from '@nss/search';
import { openSmallTrainer } from './small-trainer.ts';

const [seed, epochs] = process.argv.slice(2).map(Number);
const { network, images, search, trainer, ...shape } = await openSmallTrainer(seed);
const run = { space: shape.space, input: shape.input, targetMultiplyAdds: 8e6, seed };

const start = performance.now();
const { logits } = await runSearch({
  ...run,
  settings: { weights: { ...search.weights, epochs }, theta: search.theta },
  images,
  trainer,
});
const seconds = (performance.now() - start) / 1000;
network.close();
const { elite } = selectEliteSpace({ ...run, probabilities: probabilitiesOf(logits) }, search.draws);
console.log(JSON.stringify([{ elite: { seconds, deviation: elite.deviation } }]));
