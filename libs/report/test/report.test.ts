import assert from 'node:assert/strict';
import { before, mock, test } from 'node:test';
import fc from 'fast-check';
import { type JobReport, type PhaseName, type ReportData, renderReport } from '../src/index.ts';
import { syntheticReport } from './synthetic.ts';
import { faultsOf, textOf } from './well-formed.ts';

const data = syntheticReport();
let page = '';
const warnings = mock.method(console, 'warn');

before(async () => {
  page = await renderReport(data);
});

test('the page is well-formed', () => {
  assert.deepEqual(faultsOf(page), []);
});

test('the page needs nothing from outside', () => {
  assert.doesNotMatch(page, /http|src=|url\(|@import|<script|<link/i);
});

test('the page shows no NaN, undefined or Infinity', () => {
  assert.doesNotMatch(page, badNumbers);
});

test('Vega-Lite finds nothing to warn of in the figures', () => {
  assert.deepEqual(
    warnings.mock.calls.map(({ arguments: [message] }) => message),
    [],
  );
});

test('every evaluated architecture is a point in its figure', () => {
  for (const target of ['2 MF', '4 MF', '8 MF', '16 MF']) {
    const figure = figureWith(page, `Error against cost at ${target}.`);
    // Left: all of the search space and Elite; right: matched and Elite; 300 of each.
    assert.deepEqual(marksOf(figure, 'symbol'), [300, 300, 300, 300], target);
    assert.deepEqual(marksOf(figure, 'line'), [1, 1], target);
  }
});

test('theta over time fills a panel per stage and variable, and marks the Elite bin in each', () => {
  const figure = figureWith(page, 'Theta over time at 8 MF');
  const panels = marksOf(figure, 'rect');
  assert.equal(panels.length, 6);
  assert.ok(
    panels.every((cells) => cells > 50),
    `cells in the panels: ${panels}`,
  );
  assert.deepEqual(marksOf(figure, 'symbol'), [1, 1, 1, 1, 1, 1]);
});

test('mean cost and loss are lines over the iterations', () => {
  const figure = figureWith(page, 'Left: mean cost of the architectures that theta gives');
  const lengths = [...figure.matchAll(/mark-line.*? d="([^"]*)"/gs)].map(([, d]) => d.split('L').length);
  assert.deepEqual(lengths, [120, 120]);
});

test('the EDFs show two curves a target, from 0 to 100%', () => {
  assert.deepEqual(marksOf(figureWith(page, 'Error EDF'), 'line'), Array(8).fill(1));
  assert.deepEqual(marksOf(figureWith(page, 'EDF of the cost'), 'line'), Array(8).fill(1));
});

test('the advantage of every target has a point and an interval', () => {
  const figure = figureWith(page, 'Advantage of each Elite Space');
  assert.deepEqual(
    marksOf(figure, 'symbol').filter((count) => count > 0),
    [4],
  );
  assert.deepEqual(marksOf(figure, 'rule').at(-1), 4);
});

test('the timeline has a bar a lease', () => {
  const leases = data.jobs.flatMap(({ trainerUses }) => trainerUses).length;
  const bars = marksOf(figureWith(page, 'What every trainer did when'), 'rect');
  assert.equal(
    bars.reduce((sum, count) => sum + count, 0),
    leases,
  );
});

test('the table compares every Elite Space with what costs the same, and the sets by their hypervolumes', () => {
  const [evaluation] = data.evaluations;
  const text = textOf(page);
  for (const { comparison } of evaluation.spaces) {
    assert.ok(comparison?.eliteFrontDistancePercent && comparison.matchedFrontDistancePercent);
    assert.ok(text.includes(`${comparison.eliteMeanErrorPercent.toFixed(1)}`));
    assert.ok(text.includes(`${comparison.matchedFrontDistancePercent.toFixed(1)}`));
  }
  const [elite, searchSpace] = [evaluation.hypervolumeElite, evaluation.hypervolumeSearchSpace].map((share) =>
    share?.toFixed(3),
  );
  assert.ok(text.includes(`${elite} for the Elite Spaces, ${searchSpace} for the search space`));
});

test('a search without task loss says that it saw no images', async () => {
  const [first, ...rest] = data.searches;
  const text = textOf(await renderReport({ ...data, searches: [{ ...first, taskLoss: false }, ...rest] }));
  assert.equal(text.match(/Its search saw no images: only the cost moved theta/g)?.length, 1);
  assert.equal(text.match(/cross entropy plus/g)?.length, rest.length);
});

test('an interval that includes zero is called no difference', async () => {
  const [evaluation] = data.evaluations;
  const [first, ...rest] = evaluation.spaces;
  assert.ok(first.comparison);
  const comparison = {
    ...first.comparison,
    advantagePercent: 0.3,
    advantageLowPercent: -0.4,
    advantageHighPercent: 1,
  };
  const text = textOf(
    await renderReport({ ...data, evaluations: [{ ...evaluation, spaces: [{ ...first, comparison }, ...rest] }] }),
  );
  assert.match(text, /it includes zero for 2 MF, where no difference is shown/);
  assert.match(text, /above zero for 4 MF, 8 MF and 16 MF/);
  assert.match(text, /\+0\.3 \[−0\.4, 1\.0\]/);
});

test('a failed search is told with its error, and so is what could not follow', async () => {
  const target = data.campaign.targetsMultiplyAdds[1];
  const without = <T extends { targetMultiplyAdds?: number }>(items: readonly T[]) =>
    items.filter(({ targetMultiplyAdds }) => targetMultiplyAdds !== target);
  const failed: JobReport = {
    kind: 'search',
    id: 'search-4mf',
    targetMultiplyAdds: target,
    seed: 0,
    state: 'failed',
    startSeconds: 3,
    endSeconds: 9,
    error: 'no trainer answered',
    trainerUses: [],
  };
  const [evaluation] = data.evaluations;
  const text = textOf(
    await renderReport({
      ...data,
      searches: without(data.searches),
      evaluations: [{ ...evaluation, spaces: without(evaluation.spaces) }],
      nasRuns: without(data.nasRuns),
      trainings: without(data.trainings),
      jobs: [...without(data.jobs), failed],
    }),
  );
  assert.match(text, /3 of 4 searches found an Elite Space/);
  assert.match(text, /No Elite Space for 4 MF: the search failed: no trainer answered\./);
  assert.match(text, /4 MF was not evaluated: the search failed/);
});

test('architectures without a finite error are left out of the figures and counted', async () => {
  const [evaluation] = data.evaluations;
  const architectures = evaluation.architectures.map((row, i) => (i < 7 ? { ...row, errorPercent: Number.NaN } : row));
  const holed = await renderReport({ ...data, evaluations: [{ ...evaluation, architectures }] });
  assert.match(textOf(holed), /7 architectures without a finite error or cost are left out/);
  assert.deepEqual(marksOf(figureWith(holed, 'Error against cost at 2 MF.'), 'symbol'), [293, 300, 300, 300]);
  assert.doesNotMatch(holed, badNumbers);
});

test('hostile names and messages stay text', async () => {
  const hostile = `</code><script>alert("x")</script>'&`;
  const [job, ...jobs] = data.jobs;
  const attacked = await renderReport({
    ...data,
    campaign: { ...data.campaign, id: hostile, commit: hostile, settings: { [hostile]: hostile } },
    jobs: [
      {
        ...job,
        id: hostile,
        state: 'failed',
        error: hostile,
        trainerUses: [{ trainer: hostile, engine: hostile, startSeconds: 1, endSeconds: 2 }],
      },
      ...jobs,
    ],
  });
  assert.deepEqual(faultsOf(attacked), []);
  assert.doesNotMatch(attacked, /<script/);
  assert.ok(textOf(attacked).includes(`failed: ${hostile}`));
});

test('whatever is missing, the page stands and says what is not there', async () => {
  const small = syntheticReport({ targets: [2e6, 8e6], seeds: [0, 1], architectures: 4, random: 2 });
  const phases: PhaseName[] = ['warmup', 'search', 'evaluation', 'nas', 'training', 'report'];
  await fc.assert(
    fc.asyncProperty(fc.subarray(phases), fc.infiniteStream(fc.boolean()), async (asked, keeps) => {
      const some = <T>(items: readonly T[]) => items.filter(() => keeps.next().value);
      const searches = some(small.searches).map((search) =>
        keeps.next().value ? search : { ...search, trajectory: [], draws: [] },
      );
      const partial: ReportData = {
        campaign: { ...small.campaign, phases: asked, endTime: undefined, testImages: undefined, commit: undefined },
        searches,
        evaluations: some(small.evaluations).map((evaluation) => ({
          ...evaluation,
          spaces: some(evaluation.spaces).map((space) =>
            keeps.next().value ? space : { ...space, comparison: undefined },
          ),
          architectures: some(evaluation.architectures),
        })),
        nasRuns: some(small.nasRuns),
        trainings: some(small.trainings),
        jobs: some(small.jobs).map((job) =>
          keeps.next().value
            ? job
            : { ...job, state: 'failed' as const, error: 'out of memory', endSeconds: undefined },
        ),
      };
      const text = await renderReport(partial);
      assert.deepEqual(faultsOf(text), []);
      assert.doesNotMatch(text, badNumbers);
      const lost = 4 - searches.length;
      assert.equal(textOf(text).match(/No Elite Space for /g)?.length ?? 0, lost);
    }),
    { numRuns: 10 },
  );
});

const badNumbers = /\bNaN\b|\bundefined\b|\bInfinity\b|\[object/;

/** The figure whose caption holds `words`. */
function figureWith(markup: string, words: string): string {
  const figure = markup.match(/<figure>.*?<\/figure>/gs)?.find((each) => textOf(each).includes(words));
  assert.ok(figure, `no figure says "${words}"`);
  return figure;
}

/** How many marks every layer of a kind draws. */
function marksOf(figure: string, kind: 'symbol' | 'line' | 'rect' | 'rule'): number[] {
  const layers = figure.matchAll(new RegExp(`<g class="mark-${kind} role-mark[^>]*>(.*?)</g>`, 'gs'));
  return [...layers].map(([, marks]) => marks.match(/<(path|line) /g)?.length ?? 0);
}
