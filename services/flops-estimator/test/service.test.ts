import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  CertifySpaceRequest,
  EstimateArchitecturesRequest,
  EstimateDistributionRequest,
  FlopsEstimatorServiceService,
  fromNetworkSpace,
  fromSearchSpace,
} from '@nss/contracts';
import { certify, costsOf, distributionCost, spaceCost } from '@nss/cost';
import { connect, NssError, service, startServer } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { parseSpace, type SearchSpace, wholeSpace } from '@nss/space';
import { handlers, maxArchitectures } from '../src/handlers.ts';

const server = await startServer({
  listen: '127.0.0.1:0',
  services: [service(FlopsEstimatorServiceService, handlers)],
  logger: createLogger('flops-estimator', { level: 'silent' }),
});
const client = connect(FlopsEstimatorServiceService, server.address);
after(async () => {
  client.close();
  await server.close(0);
});

const stage = { depth: { min: 1, max: 16 }, width: { min: 1, max: 512 }, depthBinSize: 4, widthBinSize: 32 };
const space: SearchSpace = { stemWidth: 16, stages: [1, 2, 2].map((stride) => ({ stride, ...stage })) };
const input = { height: 32, width: 32, channels: 3, classes: 10 };
const searchSpace = fromSearchSpace(space);
const uniform = space.stages.map(() => ({ depth: Array(4).fill(1 / 4), width: Array(16).fill(1 / 16) }));

/** The fields that a refused call names, with what was expected of them. */
async function refusalOf(call: Promise<unknown>): Promise<Record<string, string>> {
  const error = await call.then(
    () => assert.fail('the call was not refused'),
    (thrown) => thrown,
  );
  assert.ok(error instanceof NssError);
  assert.equal(error.codeName, 'INVALID_ARGUMENT');
  return Object.fromEntries(error.fieldViolations.map(({ field, description }) => [field, description]));
}

test('architectures cost over the wire what they cost in the library', async () => {
  const depthsAndWidths = [16, 512, 16, 512, 16, 512, 2, 16, 3, 32, 4, 64];
  const request = EstimateArchitecturesRequest.create({ input, searchSpace, depthsAndWidths });
  const { multiplyAdds, parameters } = await client.estimateArchitectures(request);
  const expected = costsOf(space, input, depthsAndWidths);
  assert.deepEqual(multiplyAdds, [...expected.multiplyAdds]);
  assert.deepEqual(parameters, [...expected.parameters]);
  assert.equal(multiplyAdds[0], 99_220_902_922);
});

test('the largest call, 100,000 architectures of 8 stages of the widest kind, fits', async () => {
  const widest = { stride: 1, depth: { min: 64, max: 64 }, width: { min: 4096, max: 4096 } };
  const deep = { stemWidth: 16, stages: Array(8).fill({ ...widest, depthBinSize: 1, widthBinSize: 1 }) };
  const depthsAndWidths = Array.from({ length: maxArchitectures }, () => Array(8).fill([64, 4096])).flat(2);
  const largest = { height: 224, width: 224, channels: 64, classes: 100_000 };
  const request = EstimateArchitecturesRequest.create({ input: largest, searchSpace: deep, depthsAndWidths });
  const { multiplyAdds, parameters } = await client.estimateArchitectures(request);
  assert.equal(multiplyAdds.length, maxArchitectures);
  assert.equal(parameters.length, maxArchitectures);
  assert.ok(Number.isSafeInteger(multiplyAdds[0]), 'the limits keep every cost exact');
});

test('an empty list of architectures has no costs', async () => {
  const answer = await client.estimateArchitectures(EstimateArchitecturesRequest.create({ input, searchSpace }));
  assert.deepEqual(answer, { multiplyAdds: [], parameters: [] });
});

test('a distribution has the mean and the gradient of the library', async () => {
  const request = EstimateDistributionRequest.create({ input, searchSpace, stages: uniform });
  const { meanMultiplyAdds, gradient } = await client.estimateDistribution(request);
  assert.deepEqual({ mean: meanMultiplyAdds, gradient }, distributionCost(space, input, uniform));
  const mean = spaceCost(space, input, wholeSpace(space));
  assert.ok(Math.abs(meanMultiplyAdds / mean - 1) < 1e-12);
});

test('a certificate is that of the library', async () => {
  const elite = parseSpace('1..4x33..64-5..8x1..32-1..4x1..32');
  const request = { input, searchSpace, space: fromNetworkSpace(elite), targetMultiplyAdds: 100e6 };
  const certificate = await client.certifySpace(CertifySpaceRequest.create(request));
  assert.deepEqual(certificate, certify(space, input, elite, 100e6));
  assert.equal(certificate.exact, true);
  assert.equal(certificate.architectures, 2_097_152);
});

test('architectures outside of the search space are named by their place', async () => {
  const depthsAndWidths = [1, 16, 17, 32, 4, 64, 2, 16, 3, 32, 0, 513];
  const request = EstimateArchitecturesRequest.create({ input, searchSpace, depthsAndWidths });
  assert.deepEqual(await refusalOf(client.estimateArchitectures(request)), {
    'depths_and_widths[2]': 'expected a depth of stage 2 from 1 to 16, found 17',
    'depths_and_widths[10]': 'expected a depth of stage 3 from 1 to 16, found 0',
    'depths_and_widths[11]': 'expected a width of stage 3 from 1 to 512, found 513',
  });
});

test('of thousands of faults the first are told, and how many there are', async () => {
  const depthsAndWidths = Array(6_000).fill(0);
  const request = EstimateArchitecturesRequest.create({ input, searchSpace, depthsAndWidths });
  const refusal = await refusalOf(client.estimateArchitectures(request));
  assert.equal(Object.keys(refusal).length, 21);
  assert.equal(refusal.depths_and_widths, '5980 more numbers are outside of the search space');
});

test('half an architecture, or one too many, is refused', async () => {
  const call = (depthsAndWidths: number[]) =>
    refusalOf(
      client.estimateArchitectures(EstimateArchitecturesRequest.create({ input, searchSpace, depthsAndWidths })),
    );
  assert.match((await call([1, 16, 1, 16, 1])).depths_and_widths, /a multiple of 6 numbers, found 5/);
  const tooMany = Array(6 * (maxArchitectures + 1)).fill(1);
  assert.match((await call(tooMany)).depths_and_widths, /at most 100000 architectures a call, found 100001/);
});

test('an empty request names everything that is missing', async () => {
  assert.deepEqual(Object.keys(await refusalOf(client.certifySpace(CertifySpaceRequest.create()))), [
    'input',
    'search_space',
    'space',
  ]);
  assert.deepEqual(Object.keys(await refusalOf(client.estimateArchitectures(EstimateArchitecturesRequest.create()))), [
    'input',
    'search_space',
  ]);
});

test('every fault of a certificate request is told at once', async () => {
  const stages = searchSpace.stages.map((each, i) => (i === 1 ? { ...each, widthBinSize: 31 } : each));
  const outside = { stages: [{ depth: { min: 4, max: 1 }, width: { min: 0, max: 8 } }] };
  const request = CertifySpaceRequest.create({
    input: { ...input, classes: 0 },
    searchSpace: { stemWidth: 16, stages },
    space: outside,
    targetMultiplyAdds: Number.NaN,
  });
  assert.deepEqual(Object.keys(await refusalOf(client.certifySpace(request))), [
    'input.classes',
    'search_space.stages[1].width_bin_size',
    'space.stages[0].depth',
    'space.stages[0].width.min',
    'target_multiply_adds',
  ]);
});

test('what is no distribution over the bins is refused', async () => {
  const [first, second] = uniform;
  const stages = [
    { depth: [0.5, 0.5], width: first.width },
    { depth: [-0.25, 0.75, 0.25, 0.25], width: second.width.map((p) => p * 2) },
    { depth: [Number.NaN, 0, 0, 1], width: second.width },
  ];
  assert.deepEqual(
    await refusalOf(client.estimateDistribution(EstimateDistributionRequest.create({ input, searchSpace, stages }))),
    {
      'stages[0].depth': 'expected 4 probabilities, one a bin, found 2',
      'stages[1].depth[0]': 'expected a probability from 0 to 1, found -0.25',
      'stages[1].width': 'expected probabilities with a sum of 1, found a sum of 2',
      'stages[2].depth[0]': 'expected a probability from 0 to 1, found NaN',
    },
  );
  const tooFew = EstimateDistributionRequest.create({ input, searchSpace, stages: [first] });
  assert.deepEqual(await refusalOf(client.estimateDistribution(tooFew)), {
    stages: 'expected 3 stages, as many as the search space has, found 1',
  });
});
