import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CampaignSpec, Phase } from '@nss/contracts';
import { costRange } from '@nss/cost';
import { wholeSpace } from '@nss/space';
import fc from 'fast-check';
import { inputShapeOf, phaseNames, phaseOf, presetOf, resolveSettings } from '../src/index.ts';

const sound = { dataset: 'cifar10', preset: 'small', targetsMultiplyAdds: [8e6] };

test('faults name the fields of the contract', () => {
  const resolved = resolveSettings(
    CampaignSpec.create({
      dataset: 'imagenet',
      preset: 'big',
      targetsMultiplyAdds: [8e6, Number.NaN],
      seeds: [-1],
      phases: [Phase.UNRECOGNIZED],
      budget: { maxWallClockHours: -1, maxTrainerHours: Number.POSITIVE_INFINITY },
      overrides: { serch: {} },
    }),
  );
  assert.ok('faults' in resolved);
  assert.deepEqual(resolved.faults.map(({ field }) => field).toSorted(), [
    'budget.max_trainer_hours',
    'budget.max_wall_clock_hours',
    'dataset',
    'overrides.serch',
    'phases[0]',
    'preset',
    'seeds[0]',
    'targets_multiply_adds[1]',
  ]);
});

test('empty seeds and phases stand for seed 0 and every phase', () => {
  const resolved = resolveSettings(CampaignSpec.create(sound));
  assert.ok(!('faults' in resolved));
  assert.deepEqual(resolved.seeds, [0]);
  assert.deepEqual(resolved.phases, phaseNames.map(phaseOf));
});

test('an override changes its own setting and no other', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('search', 'nas', 'evaluation', 'training'),
      fc.integer({ min: 1, max: 100 }),
      (section, epochs) => {
        const overrides = { [section]: { weights: { epochs } } };
        const resolved = resolveSettings(CampaignSpec.create({ ...sound, overrides }));
        assert.ok(!('faults' in resolved));
        const { description: _, ...expected } = presetOf('small');
        expected[section as 'search'].weights.epochs = epochs;
        assert.deepEqual(resolved.settings, {
          ...expected,
          dataset: { name: 'cifar10', folder: undefined, ...expected.dataset },
        });
      },
    ),
  );
});

test('local SGD is off unless a campaign asks for it', () => {
  const localSgd = { trainers: 4, stepsPerRound: 50, quorum: 3 };
  const resolved = resolveSettings(
    CampaignSpec.create({ ...sound, overrides: { evaluation: { weights: { localSgd } } } }),
  );
  assert.ok(!('faults' in resolved));
  const { search, evaluation, nas, training } = resolved.settings;
  assert.deepEqual(
    [search, evaluation, nas, training].map(({ weights }) => weights.localSgd),
    [undefined, localSgd, undefined, undefined],
  );
});

test('a list in the overrides replaces the whole list', () => {
  const stages = presetOf('small').searchSpace.stages.slice(0, 2);
  const overrides = { searchSpace: { stages } };
  const resolved = resolveSettings(CampaignSpec.create({ ...sound, overrides }));
  assert.ok(!('faults' in resolved));
  assert.equal(resolved.settings.searchSpace.stages.length, 2);
  assert.equal(resolved.settings.searchSpace.stemWidth, 16);
});

test('the type of blocks decides which targets can be met, and is basic where none is given', () => {
  const resolve = (searchSpace: object) =>
    resolveSettings(CampaignSpec.create({ ...sound, overrides: { searchSpace } }));
  const [silent, bottleneck] = [{}, { block: 'bottleneck' }].map(resolve);
  assert.ok(!('faults' in silent) && !('faults' in bottleneck));
  assert.equal(bottleneck.settings.searchSpace.block, 'bottleneck');
  // Stored results are known by the settings' JSON, which is what it was before there were types.
  assert.ok(!JSON.stringify(silent.settings).includes('block'));
  const largest = (block?: 'bottleneck') => {
    const space = { ...presetOf('small').searchSpace, block };
    return costRange(space, inputShapeOf({ name: 'cifar10', imageSize: 16 }), wholeSpace(space)).max;
  };
  const spec = { ...sound, targetsMultiplyAdds: [largest()], overrides: { searchSpace: { block: 'bottleneck' } } };
  const refused = resolveSettings(CampaignSpec.create(spec));
  assert.ok('faults' in refused && /it can meet/.test(refused.faults[0].description), JSON.stringify(refused));
  assert.ok(largest('bottleneck') < largest());
});

test('overrides of any form are merged or refused, never thrown at', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('search', 'dataset', 'nas', 'weights', '__proto__'), fc.jsonValue()),
      (overrides) => {
        const resolved = resolveSettings(CampaignSpec.create({ ...sound, overrides }));
        if ('faults' in resolved) assert.ok(resolved.faults.every(({ field }) => field.startsWith('overrides')));
      },
    ),
  );
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});
