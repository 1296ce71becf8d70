import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { CampaignSettings, CampaignSpec, datasetNames } from '@nss/contracts';
import { costRange } from '@nss/cost';
import { formatMultiplyAdds, wholeSpace } from '@nss/space';
import { inputShapeOf, presetNames, presetOf, resolveSettings, settingsSchema } from '../src/index.ts';

test('every preset file is a known preset', () => {
  const files = readdirSync(new URL('../presets/', import.meta.url));
  assert.deepEqual(files.sort(), presetNames.map((name) => `${name}.yaml`).sort());
});

for (const preset of presetNames) {
  for (const dataset of datasetNames) {
    test(`preset ${preset} resolves for ${dataset} and survives the wire`, () => {
      const { dataset: images, searchSpace } = presetOf(preset);
      const range = costRange(searchSpace, inputShapeOf({ name: dataset, ...images }), wholeSpace(searchSpace));
      const resolved = resolveSettings(CampaignSpec.create({ dataset, preset, targetsMultiplyAdds: [range.max] }));
      assert.ok(!('faults' in resolved), JSON.stringify(resolved));
      const sent = CampaignSettings.decode(CampaignSettings.encode(resolved.settings).finish());
      assert.deepEqual(settingsSchema.parse(sent), resolved.settings);
    });
  }
}

test('the largest network of the paper costs 99.2 GF, of small 92.7 MF', () => {
  const largest = (['paper', 'small'] as const).map((preset) => {
    const { dataset, searchSpace } = presetOf(preset);
    const input = inputShapeOf({ name: 'cifar10', ...dataset });
    return formatMultiplyAdds(costRange(searchSpace, input, wholeSpace(searchSpace)).max);
  });
  assert.deepEqual(largest, ['99.2 GF', '92.7 MF']);
});

test('changing a preset that was handed out does not change the next one', () => {
  presetOf('tiny').search.theta.lambda = 77;
  assert.notEqual(presetOf('tiny').search.theta.lambda, 77);
});
