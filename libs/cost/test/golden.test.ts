import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type BlockType, parseArchitecture, type SearchSpace } from '@nss/space';
import { architectureCost, architectureParameters } from '../src/index.ts';

/** Made by golden/make_flops.py, which says how PyTorch counts. */
type GoldenNetwork = {
  block: BlockType;
  architecture: string;
  strides: string;
  stem_width: number;
  height: number;
  width: number;
  channels: number;
  classes: number;
  convolution_flops: number;
  linear_flops: number;
  parameters: number;
};

const golden: { torch: string; networks: GoldenNetwork[] } = JSON.parse(
  readFileSync(new URL('golden/flops.json', import.meta.url), 'utf8'),
);

test('sixteen golden networks are stored, six of them of bottleneck blocks', () => {
  assert.equal(golden.networks.length, 16);
  assert.equal(golden.networks.filter(({ block }) => block === 'bottleneck').length, 6);
});

for (const network of golden.networks) {
  const { block, height, width, channels, classes } = network;
  const input = { height, width, channels, classes };
  const architecture = parseArchitecture(network.architecture);
  const strides = network.strides.split('-').map(Number);
  const space: SearchSpace = {
    block,
    stemWidth: network.stem_width,
    stages: architecture.stages.map((stage, i) => ({
      stride: strides[i],
      depth: { min: 1, max: stage.depth },
      width: { min: 1, max: stage.width },
      depthBinSize: 1,
      widthBinSize: 1,
    })),
  };

  test(`${network.architecture} of ${block} blocks with strides ${network.strides} on ${height}x${width}x${channels} costs to the last digit what PyTorch counts`, () => {
    // PyTorch counts two a multiply-add, and does not count the addition of the bias: one per class.
    const counted = (network.convolution_flops + network.linear_flops) / 2 + classes;
    assert.equal(architectureCost(space, input, architecture), counted);
    assert.equal(architectureParameters(space, input, architecture), network.parameters);
  });
}
