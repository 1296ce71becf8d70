import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type Experiment,
  experiments,
  experimentsNamed,
  type JobNode,
  missingJobs,
  writeExperiment,
} from '../src/index.ts';
import { marksOf } from './picture.ts';
import { syntheticOutcomes, testContext } from './synthetic.ts';

const context = testContext({ overrides: { evaluation: { architecturesPerSpace: 40 } } });

/** Networks of Elite Spaces make 2 points fewer errors than others, random spaces half of that. */
const effects = { elite: -2, random: -1 };
const matchedEffects = { 'elite-2mf-matched': 0, 'elite-8mf-matched': 0, 'elite-4mf-matched': 0, ...effects };

function experimentOf(name: string): Experiment {
  const [experiment] = experimentsNamed(name) ?? [];
  assert.ok(experiment, name);
  return experiment;
}

/** What an experiment makes of formulas; jobs that `omit` names have no result. */
function analyse(name: string, omit?: (node: JobNode) => string | undefined) {
  const experiment = experimentOf(name);
  const outcomes = syntheticOutcomes(context, experiment.jobs(context), { effects: matchedEffects, omit });
  return { experiment, outcomes, analysis: experiment.analyse(context, outcomes) };
}

/** What the files of an experiment on CIFAR-10 are called: experiments of CIFAR-100 say that it is not theirs. */
const stemOf = ({ name, dataset }: Experiment) => (dataset === 'cifar10' ? name : `${name}-cifar10`);

const verdicts = (name: string) => analyse(name).analysis.findings.map(({ held }) => held);
const close = (found: number | undefined, expected: number, tolerance: number) =>
  assert.ok(found !== undefined && Math.abs(found - expected) <= tolerance, `${found}, expected ${expected}`);

test('every experiment has a name of its own, and "all" stands for every one', () => {
  const names = experiments.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(experimentsNamed('all'), experiments);
  assert.equal(experimentsNamed('fig7'), undefined);
});

test('experiments share their jobs', () => {
  const keys = (name: string) =>
    experimentOf(name)
      .jobs(context)
      .map(({ key }) => key);
  const shared = (a: string, b: string) => keys(a).filter((key) => keys(b).includes(key)).length;
  // Two targets by three seeds: evaluations of Elite Spaces and, for figure 6, of the search space too.
  assert.equal(shared('fig3', 'baselines'), 6);
  assert.equal(shared('fig3', 'fig6'), 9);
  assert.equal(shared('observations', 'baselines'), 6);
  assert.deepEqual(keys('fig3'), keys('fig9'));
});

test('error against cost: the difference that was put in is found, at each target and together', () => {
  const { findings, summary, table, notes } = analyse('fig3').analysis;
  assert.equal(findings.length, 1);
  close(findings[0].estimate?.estimate, 2, 0.2);
  assert.equal(findings[0].held, true);
  assert.deepEqual(findings[0].seeds, [0, 1, 2]);
  assert.deepEqual(
    summary?.rows.map((row) => [row[0], row.at(-1)]),
    [
      ['2 MF', 'yes'],
      ['8 MF', 'yes'],
    ],
  );
  // Spaces are drawn close to their targets; how close is told of each, and of all together.
  const deviations = summary?.rows.flatMap((row) => String(row[3]).split(', ')) ?? [];
  const distances = deviations.map((text) => Number(text.replace('\u2212', '-').replace('%', ''))).map(Math.abs);
  assert.equal(distances.length, 6);
  const [, average, most] =
    notes[0].match(/are (.*)% from their targets on average, at most (.*)% \(. MF, seed .\)/) ?? [];
  close(Number(average), distances.reduce((sum, each) => sum + each, 0) / 6, 0.1);
  close(Number(most), Math.max(...distances), 0.1);
  // Three seeds: 40 of the search space, and 40 + 40 a target.
  assert.equal(table.rows.length, 3 * (40 + 2 * 80));
});

test('baselines: spaces found without the task loss and random ones are told apart from Elite Spaces', () => {
  const { findings, table } = analyse('baselines').analysis;
  close(findings[0].estimate?.estimate, 2, 0.25);
  close(findings[1].estimate?.estimate, 1, 0.3);
  assert.deepEqual(verdicts('baselines'), [true, true]);
  // Six pairs of target and seed: an Elite Space, one without task loss, three random ones.
  assert.equal(table.rows.length, 6 * 5);
});

test('tables: errors, draws, hit rates and distances of NAS on Elite Spaces and on the search space', () => {
  const { findings, table, summary } = analyse('table1').analysis;
  close(findings[0].estimate?.estimate, 3, 0.3);
  assert.equal(findings[1].estimate?.estimate, 87.5);
  assert.match(findings[1].found, /^with 5 draws fixed on Elite Spaces, which makes this partly so by construction/);
  assert.deepEqual(
    findings.map(({ held }) => held),
    [true, true, true, true, true],
  );
  assert.equal(table.rows.length, 12);
  assert.match(String(summary?.rows[0].at(-1)), /^(29|30)\.\d\d ± 0\.\d\d$/);
});

test('growing spaces: the share of draws near the target, and that it does not depend on size where it does not', () => {
  const fig5 = experimentOf('fig5');
  const frame = testContext({ targets: [...fig5.targets(context.scale)] });
  const analysis = fig5.analyse(frame, syntheticOutcomes(frame, fig5.jobs(frame)));
  assert.equal(analysis.findings[0].held, true);
  // Normal with a spread of 8% and of 40%: 78.9% and 19.7% lie within 10%.
  close(analysis.findings[0].estimate?.estimate, 78.9 - 19.7, 3);
  assert.notEqual(analysis.findings[1].held, true);
  assert.deepEqual(
    analysis.summary?.rows.map(([name, networks]) => [name, networks]),
    [
      // A bin of one depth and four widths in each of three stages.
      ['Elite Space', '64'],
      ...[1, 2, 4].flatMap((d) =>
        [16, 32, 64].map((w) => [`depth up to ${d}, width up to ${w}`, ((d * w) ** 3).toLocaleString('en-US')]),
      ),
    ],
  );
  assert.equal(analysis.table.rows.length, 10 * 3 * 1000);
});

test('what counts as near the target is what the settings say, in numbers and in words', () => {
  const overrides = { nas: { tolerance: 0.025 } };
  const analysisOf = (name: string) => {
    const experiment = experimentOf(name);
    const frame = testContext({ targets: [...experiment.targets(context.scale)], overrides });
    return experiment.analyse(frame, syntheticOutcomes(frame, experiment.jobs(frame)));
  };
  const fig5 = analysisOf('fig5');
  for (const { claim } of fig5.findings) assert.match(claim, /within 2\.5% of/);
  assert.equal(fig5.summary?.header.at(-1), 'draws within 2.5% of the target, by seed');
  assert.match(fig5.notes[0], /at \+2\.5% minus that at -2\.5% is the share within 2\.5%\./);
  // Normal with a spread of 8% and of 40%: 24.5% and 5.0% lie within 2.5%.
  close(fig5.findings[0].estimate?.estimate, 24.5 - 5, 3);
  const table1 = analysisOf('table1');
  assert.match(table1.findings[2].claim, /more often within 2\.5% of the target/);
  close(table1.findings[2].estimate?.estimate, 24.5 - 5, 3);
});

test('design rules: Elite Spaces against networks that keep them, in the window and over all', () => {
  const { findings, summary } = analyse('fig6').analysis;
  for (const { estimate, held } of findings) {
    close(estimate?.estimate, 2, 0.4);
    assert.equal(held, true);
  }
  assert.equal(summary?.rows.length, 10);
});

test('observations: how often the rules hold is counted, and judged by how often they hold by chance', () => {
  const { findings, table } = analyse('observations').analysis;
  assert.equal(table.rows.length, 6);
  for (const [i, { found, estimate }] of findings.entries()) {
    const kept = table.rows.filter((row) => row[3 + i] === 1).length;
    assert.match(found, new RegExp(`in ${kept} of 6 Elite Spaces`));
    close(estimate?.estimate, (100 * kept) / 6, 1e-9);
  }
});

test('fidelity: errors that are in the same order have a tau of 1', () => {
  const { findings, table, summary } = analyse('fidelity').analysis;
  assert.deepEqual(findings[0].estimate, { estimate: 1, low: 1, high: 1 });
  assert.equal(findings[0].held, true);
  // In these formulas the cost alone says as much.
  assert.equal(findings[1].estimate?.estimate, 0);
  assert.equal(findings[1].held, 'undecided');
  assert.equal(table.rows.length, 3 * 24);
  assert.deepEqual(
    summary?.rows.map(([, tau]) => tau),
    Array.from({ length: 5 }, () => '1.00 (1.00 to 1.00)'),
  );
});

test('fidelity: how far two seeds agree is told only where there are two', () => {
  const { summary } = analyse('fidelity', ({ title }) =>
    /seed [12]\b/.test(title) ? 'it failed' : undefined,
  ).analysis;
  assert.deepEqual(
    summary?.rows.map(([, tau]) => tau !== ''),
    [true, true, true, false, false],
  );
});

test('a seed without results is left out of every claim, and said to be missing', () => {
  for (const { name } of experiments) {
    const { experiment, outcomes, analysis } = analyse(name, ({ title }) =>
      /seed 1\b/.test(title) ? 'it failed: out of luck' : undefined,
    );
    const missing = missingJobs(experiment, context, outcomes);
    assert.ok(missing.length > 0 && missing.every(({ job, why }) => /seed 1\b/.test(job) && /luck/.test(why)), name);
    for (const { seeds, held, because } of analysis.findings) {
      assert.deepEqual(seeds, [0, 2], name);
      assert.deepEqual([held, because], ['undecided', 'fewer than 3 seeds'], name);
    }
  }
});

test('without any result there is nothing to judge by, and still a table and a picture', async (t) => {
  for (const { name } of experiments) {
    const { experiment, outcomes, analysis } = analyse(name, () => 'the mesh burnt down');
    for (const { held } of analysis.findings) assert.equal(held, 'undecided', name);
    const folder = folderOf(t);
    await writeExperiment(folder, experiment, context, analysis, missingJobs(experiment, context, outcomes));
    assert.match(readFileSync(join(folder, `${stemOf(experiment)}.svg`), 'utf8'), /missing: [^<]*the mesh burnt down/);
  }
});

/** What a reader must find in each picture: texts, and how many marks. */
const pictures: Record<string, { texts: (string | RegExp)[]; points?: number; lines?: number; rules?: number }> = {
  fig3: {
    texts: [
      'cost (MF, million multiply-adds)',
      'error (% of images)',
      'search space',
      'Elite Space, 2 MF',
      'Elite Space, 8 MF',
      'seed 0',
      'seed 2',
    ],
    // 40 of the search space and of each Elite Space, three seeds; three in the legend.
    points: 3 * 3 * 40 + 3,
    lines: 3,
  },
  fig5: {
    texts: [
      'deviation from the target (%)',
      'share of draws',
      'Elite Space',
      'width up to 16',
      'width up to 64',
      'depth up to 4',
    ],
    lines: 3 * 4,
  },
  fig6: {
    texts: [
      'error (% of images)',
      'share of networks',
      'Elite Spaces',
      'both rules',
      'd1 &lt;= d2 &lt;= d3',
      'a: networks of 3.6 MF to 4 MF',
      'b: networks of any cost',
    ],
    lines: 2 * 5,
  },
  table1: {
    texts: [
      'test error (% of images)',
      'deviation of the cost (%)',
      'networks drawn',
      'draws near the target (%)',
      'networks near the target (%)',
      'Elite Space',
      'search space',
      '2 MF',
      '8 MF',
    ],
    // 2 targets x 3 seeds x 2 sources: three trainings, a deviation, draws, two hit rates; two in the legend.
    points: 12 * (3 + 1 + 1 + 2) + 2,
  },
  observations: {
    texts: ['blocks (middle of the range)', 'channels (middle of the range)', 'stage 1', 'stage 3', '2 MF', '8 MF'],
    lines: 2 * 6,
    points: 2 * 6 * 3 + 2,
  },
  baselines: {
    texts: [
      'errors more than those of the Elite Space (percentage points)',
      'all targets',
      '2 MF',
      'found without the task loss',
      'random, meeting the target',
    ],
    points: 6 + 2,
    // An interval each, and zero.
    rules: 6 + 1,
  },
  fidelity: {
    texts: [
      'super network error (% of images)',
      'error from scratch (% of images)',
      'cost (MF, million multiply-adds)',
      'seed 0',
      'seed 2',
    ],
    points: 2 * 3 * 24 + 3,
  },
};
for (const same of ['fig4', 'fig9', 'fig10']) pictures[same] = pictures.fig3;
pictures.table2 = pictures.table1;

for (const { name } of experiments) {
  test(`${name}: the picture has its axes, units, legend and every mark; the files hold the same`, async (t) => {
    const folder = folderOf(t);
    const { experiment, analysis } = analyse(name);
    const files = await writeExperiment(folder, experiment, context, analysis, []);
    assert.deepEqual(
      files,
      ['csv', 'json', 'svg', 'png', 'md'].map((ending) => `${stemOf(experiment)}.${ending}`),
    );
    const read = (ending: string) => readFileSync(join(folder, `${stemOf(experiment)}.${ending}`), 'utf8');
    const svg = read('svg');
    const { texts, points, lines, rules } = pictures[name];
    for (const text of [...texts, escaped(analysis.title), context.title])
      assert.ok(svg.includes(`>${text}</text>`), `${name} lacks "${text}"`);
    assert.doesNotMatch(svg, /var\(|NaN|undefined|missing/);
    if (points !== undefined) assert.equal(marksOf(svg, 'symbol', 'path'), points);
    if (lines !== undefined) assert.equal(marksOf(svg, 'line', 'path'), lines);
    if (rules !== undefined) assert.equal(marksOf(svg, 'rule', 'line', 'layer'), rules);

    const json = JSON.parse(read('json'));
    assert.equal(json.schema, 'nss.experiment/v1');
    assert.deepEqual(json.table.rows.length, analysis.table.rows.length);
    assert.equal(json.results.length, experiment.jobs(context).length);
    assert.ok(json.figure.hconcat ?? json.figure.layer, 'the picture can be drawn again');
    assert.equal(read('csv').trimEnd().split('\r\n').length, 1 + analysis.table.rows.length);
    for (const { claim } of analysis.findings) assert.ok(read('md').includes(claim));
    const png = readFileSync(join(folder, `${stemOf(experiment)}.png`));
    const [width] = /width="(\d+)/.exec(svg)?.slice(1) ?? [];
    assert.deepEqual([png.toString('latin1', 1, 4), png.readUInt32BE(16)], ['PNG', 2 * Number(width)]);
  });
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nss-experiment-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
