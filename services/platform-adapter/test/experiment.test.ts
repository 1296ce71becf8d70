import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NssError } from '@nss/rpc';
import { formatSpace } from '@nss/space';
import { type Experiment, planOf } from '../src/experiment.ts';

const range = (min: number, max: number) => ({ min, max });

/** The parameters of the preset `tiny`, and settings that make a search of it. */
const tiny: Experiment = {
  platform: 'katib',
  name: 'Flowers_1',
  algorithm: 'nss',
  settings: new Map([
    ['preset', 'tiny'],
    ['dataset', 'cifar10'],
    ['target', '0.5MF'],
  ]),
  parameters: [1, 2, 3].flatMap((stage) => [
    { name: `width${stage}`, range: range(1, 8) },
    { name: `depth${stage}`, range: range(1, 2) },
  ]),
};
const withSettings = (settings: Record<string, string>, algorithm = 'nss'): Experiment => ({
  ...tiny,
  algorithm,
  settings: new Map(Object.entries(settings)),
});

function faultsOf(experiment: Experiment): Record<string, string> {
  try {
    planOf(experiment);
  } catch (error) {
    assert.ok(error instanceof NssError, String(error));
    assert.equal(error.codeName, 'INVALID_ARGUMENT');
    return Object.fromEntries(error.fieldViolations.map(({ field, description }) => [field, description]));
  }
  assert.fail('the experiment was not refused');
}

test('the algorithm nss makes a campaign of one search, known by the experiment and by what it asks for', () => {
  const { source, parameterSpace } = planOf(tiny);
  assert.equal(formatSpace(parameterSpace), '1..2x1..8-1..2x1..8-1..2x1..8');
  assert.ok(source.kind === 'own-campaign');
  assert.match(source.campaignId, /^katib-flowers-1-[0-9a-f]{8}$/);
  assert.deepEqual(source.spec.targetsMultiplyAdds, [0.5e6]);
  assert.deepEqual(source.spec.phases, ['PHASE_SEARCH']);
  assert.deepEqual(planOf(tiny).source, source);
  const other = planOf({ ...tiny, settings: new Map([...tiny.settings, ['seed', '1']]) }).source;
  assert.ok(other.kind === 'own-campaign' && other.campaignId !== source.campaignId);
});

test('the parameters narrow the search space, whose strides and bins the preset or the overrides give', () => {
  const parameters = tiny.parameters.map((each) => (each.name === 'width1' ? { ...each, range: range(5, 8) } : each));
  const { source } = planOf({ ...tiny, parameters });
  assert.ok(source.kind === 'own-campaign');
  const overrides = source.spec.overrides as { searchSpace: { stages: unknown[] } };
  assert.deepEqual(overrides.searchSpace.stages[0], {
    stride: 1,
    depth: range(1, 2),
    width: range(5, 8),
    depthBinSize: 1,
    widthBinSize: 4,
  });
  const uneven = tiny.parameters.map((each) => (each.name === 'width1' ? { ...each, range: range(2, 8) } : each));
  assert.match(
    faultsOf({ ...tiny, parameters: uneven })['settings.overrides.searchSpace.stages[0].widthBinSize'],
    /divisor of the 7 widths/,
  );
});

test('an experiment with other stages than the preset says how they are cut', () => {
  const parameters = tiny.parameters.slice(0, 4);
  assert.match(faultsOf({ ...tiny, parameters }).parameters, /make 2 stages, and the search space has 3/);
  const stages = [1, 2].map((stride) => ({ stride, depthBinSize: 1, widthBinSize: 2 }));
  const settings = new Map([...tiny.settings, ['overrides', JSON.stringify({ searchSpace: { stages } })]]);
  assert.equal(planOf({ ...tiny, parameters, settings }).source.kind, 'own-campaign');
});

test('everything that is wrong is told at once, in the words of the platform', () => {
  const faults = faultsOf({
    ...withSettings({ dataset: 'cifar11', target: 'much', seed: '-1', targt: '2MF', overrides: '[1]' }),
    parameters: [
      { name: 'depth1', range: undefined },
      { name: 'learningRate', range: range(1, 2) },
    ],
  });
  assert.deepEqual(Object.keys(faults).toSorted(), [
    'parameters.depth1',
    'parameters.learningRate',
    'parameters.width1',
    'settings.seed',
    'settings.target',
    'settings.targt',
  ]);
  assert.match(faults['settings.targt'], /did you mean "target"/);
  const ofCampaign = faultsOf(withSettings({ preset: 'tiny', dataset: 'cifar11', target: '1MF' }));
  assert.deepEqual(Object.keys(ofCampaign), ['settings.dataset']);
  const unreachable = faultsOf(withSettings({ preset: 'tiny', target: '900GF' }));
  assert.match(unreachable['settings.target'], /no architecture of this search space costs 900 GF/);
  assert.match(faultsOf({ ...tiny, algorithm: 'random' }).algorithm, /expected nss or elite-space, found "random"/);
  assert.match(faultsOf({ ...tiny, algorithm: '__proto__' }).algorithm, /found "__proto__"/);
  assert.match(faultsOf(withSettings({ preset: 'tiny' }))['settings.target'], /missing/);
  assert.match(
    faultsOf(withSettings({ preset: 'tiny', target: '1MF', overrides: '[1]' }))['settings.overrides'],
    /JSON/,
  );
});

test('the algorithm elite-space takes a space as it is written, or names what found it', () => {
  const space = '1..1x1..4-2..2x5..8-1..2x1..8';
  assert.deepEqual(planOf(withSettings({ space }, 'elite-space')).source.kind, 'space');
  const named = planOf(withSettings({ campaign: 'campaigns/flowers', target: '0.5MF' }, 'elite-space')).source;
  assert.deepEqual(named, {
    kind: 'campaign',
    campaignId: 'flowers',
    choice: { targetMultiplyAdds: 0.5e6, seed: undefined },
  });
  assert.deepEqual(planOf(withSettings({ search: 'flowers-search' }, 'elite-space')).source, {
    kind: 'search',
    searchId: 'flowers-search',
  });
  assert.match(
    faultsOf(withSettings({}, 'elite-space')).settings,
    /expected one of space, campaign and search, found none/,
  );
  assert.match(faultsOf(withSettings({ campaign: 'A' }, 'elite-space'))['settings.campaign'], /lower-case/);
  assert.match(faultsOf(withSettings({ space: '1..9x1..4' }, 'elite-space'))['settings.space'], /reaches out/);
  assert.match(faultsOf(withSettings({ space: 'wide' }, 'elite-space'))['settings.space'], /no network space/);
});
