import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSpace, parseArchitecture, parseSpace } from '@nss/space';
import fc from 'fast-check';
import { writeCsv } from '../src/csv.ts';
import { architecturesCsv, campaignJson, eliteSpacesJson, renderAll, tableCsv } from '../src/index.ts';
import { syntheticReport } from './synthetic.ts';

const data = syntheticReport({ targets: [2e6, 1.6e7], architectures: 20 });

test('a report is five files', async () => {
  const files = await renderAll(data);
  assert.deepEqual(
    [...files.keys()],
    ['report.html', 'campaign.json', 'elite-spaces.json', 'architectures.csv', 'table.csv'],
  );
  assert.ok([...files.values()].every((text) => text.endsWith('\n')));
});

test('architectures.csv holds every evaluated architecture in full precision', () => {
  const [header, ...rows] = readCsv(architecturesCsv(data));
  assert.deepEqual(header, [
    'super_network',
    'space',
    'source',
    'architecture',
    'multiply_adds',
    'error_percent',
    'loss',
  ]);
  const [evaluation] = data.evaluations;
  assert.equal(rows.length, 20 * 5);
  rows.forEach((row, i) => {
    const expected = evaluation.architectures[i];
    assert.deepEqual(row.slice(0, 4), [evaluation.id, expected.label, expected.source, expected.architecture]);
    assert.deepEqual(row.slice(4).map(Number), [expected.multiplyAdds, expected.errorPercent, expected.loss]);
    assert.equal(parseArchitecture(row[3]).stages.length, 3);
  });
});

test('table.csv has two rows a target, and says why one is empty', () => {
  const [header, ...rows] = readCsv(tableCsv({ ...data, nasRuns: data.nasRuns.slice(1), trainings: [], jobs: [] }));
  const column = (name: string) => rows.map((row) => row[header.indexOf(name)]);
  assert.deepEqual(column('target'), ['2mf', '2mf', '16mf', '16mf']);
  assert.deepEqual(column('nas_on'), ['elite', 'search-space', 'elite', 'search-space']);
  assert.deepEqual(column('note'), [
    'the NAS run was not started',
    'the training was not started',
    'the training was not started',
    'the training was not started',
  ]);
  assert.deepEqual(column('architecture'), ['', ...data.nasRuns.slice(1).map(({ architecture }) => architecture)]);
});

test('table.csv gives mean and sample standard deviation of the repeats', () => {
  const trainings = data.trainings.map((training, i) => ({
    ...training,
    testErrorsPercent: i === 0 ? [30, 31, 35] : [28],
  }));
  const [header, ...rows] = readCsv(tableCsv({ ...data, trainings }));
  const column = (name: string) => rows.map((row) => row[header.indexOf(name)]);
  assert.deepEqual(column('test_error_mean_percent'), ['32', '28', '28', '28']);
  assert.ok(Math.abs(Number(column('test_error_sd_percent')[0]) - Math.sqrt(7)) < 1e-12);
  assert.deepEqual(column('test_error_sd_percent').slice(1), ['', '', '']);
});

test('elite-spaces.json reads back as the spaces that were found', () => {
  const file = JSON.parse(eliteSpacesJson({ ...data, searches: data.searches.slice(1), jobs: [] }));
  assert.equal(file.schema, 'nss.elite-spaces/v1');
  assert.deepEqual(file.searchSpace, data.campaign.searchSpace);
  const [elite] = file.eliteSpaces;
  assert.equal(elite.text, formatSpace(data.searches[1].eliteSpace));
  assert.deepEqual(parseSpace(elite.text), { stages: elite.stages });
  assert.equal(elite.draws.length, 5);
  assert.deepEqual(file.missing, [{ targetMultiplyAdds: 2e6, seed: 0, reason: 'the warmup was not started' }]);
});

test('campaign.json holds all but the rows per architecture', () => {
  const file = JSON.parse(campaignJson(data));
  assert.equal(file.schema, 'nss.campaign/v1');
  assert.deepEqual(file.searches, data.searches);
  assert.deepEqual(file.jobs, data.jobs);
  assert.equal(file.evaluations[0].evaluatedArchitectures, 100);
  assert.equal(file.evaluations[0].architectures, undefined);
  assert.equal(file.campaign.startTime, data.campaign.startTime.toISOString());
});

test('JSON keeps every text, also one that looks like a list of numbers', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom('[\n 1,\n 2\n]', '[ 1 ]')),
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
      (text, numbers) => {
        const settings = { text, numbers: numbers.map((number) => number + 0) };
        assert.deepEqual(
          JSON.parse(campaignJson({ ...data, campaign: { ...data.campaign, settings } })).campaign.settings,
          settings,
        );
      },
    ),
    { numRuns: 50 },
  );
});

test('CSV reads back whatever the fields hold', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.stringMatching(/^[",\r\n a]*$/)), { minLength: 1 }), (rows) => {
      assert.deepEqual(readCsv(writeCsv(['a', 'b'], rows)), [['a', 'b'], ...rows]);
    }),
  );
});

test('numbers that are missing or not finite are empty CSV fields', () => {
  assert.equal(writeCsv(['a', 'b', 'c'], [[Number.NaN, undefined, 0.1]]), 'a,b,c\r\n,,0.1\r\n');
});

/** RFC 4180, by its grammar. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let rest = text;
  while (rest.length > 0) {
    const field = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest);
    assert.ok(field, `not CSV at "${rest.slice(0, 40)}"`);
    rows[rows.length - 1].push(field[1] === undefined ? field[2] : field[1].replaceAll('""', '"'));
    if (field[3] === '\r\n') rows.push([]);
    rest = rest.slice(field[0].length);
  }
  return rows.slice(0, -1);
}
