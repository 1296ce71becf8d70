import { EstimateArchitecturesRequest, fromSearchSpace } from '@nss/contracts';
import { certify, costsOf } from '@nss/cost';
import { drawArchitecture, type InputShape, parseSpace, randomOf, type SearchSpace, wholeSpace } from '@nss/space';
import { withMesh } from './mesh.ts';
import { type Part, rowOf } from './part.ts';

/** As many as one call takes. */
const ARCHITECTURES = 100_000;
/** Calls that a client has under way at a time, so that it writes the next one while the service computes. */
const CALLS = 8;
const ROUNDS = 20;
const TARGET = 100e6;

const stage = { depth: { min: 1, max: 16 }, width: { min: 1, max: 512 }, depthBinSize: 4, widthBinSize: 32 };
const paper: SearchSpace = { stemWidth: 16, stages: [1, 2, 2].map((stride) => ({ stride, ...stage })) };
const input: InputShape = { height: 32, width: 32, channels: 3, classes: 10 };

/** P7: cost (multiply-adds and parameters) of architectures of the paper's search space; certificates of its Elite Spaces. */
export const cost: Part = {
  id: 'P7',
  what: 'cost of architectures in the library and over gRPC; exact certificates',
  async measure() {
    const random = randomOf(0, 'architectures');
    const depthsAndWidths = Array.from({ length: ARCHITECTURES }, () => drawArchitecture(random, wholeSpace(paper)))
      .flatMap(({ stages }) => stages)
      .flatMap(({ depth, width }) => [depth, width]);
    const elite = parseSpace('1..4x33..64-5..8x1..32-1..4x1..32');

    const library = await secondsOf(() => costsOf(paper, input, depthsAndWidths));
    const certificate = await secondsOf(() => certify(paper, input, elite, TARGET));
    const request = EstimateArchitecturesRequest.create({
      input,
      searchSpace: fromSearchSpace(paper),
      depthsAndWidths,
    });
    const overGrpc = await withMesh({ trainers: 0 }, ({ flopsEstimator }) =>
      secondsOf(() => Promise.all(Array.from({ length: CALLS }, () => flopsEstimator.estimateArchitectures(request)))),
    );
    const { architectures, exact } = certify(paper, input, elite, TARGET);
    if (!exact) throw new Error(`the certificate of ${architectures} architectures is a sample`);
    return [
      rowOf('P7/library', 'cost in the library', ARCHITECTURES / library / 1e6, 'M architectures/s', { atLeast: 10 }),
      rowOf('P7/grpc', 'cost over gRPC', (CALLS * ARCHITECTURES) / overGrpc / 1e6, 'M architectures/s', { atLeast: 1 }),
      rowOf('P7/certificate', `exact certificate of ${architectures} architectures`, 1e3 * certificate, 'ms', {
        atMost: 50,
      }),
    ];
  },
};

/** The best of many short rounds, the first ones being the compiler's: what else the machine does only ever adds to a round. */
async function secondsOf(run: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await run();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}
