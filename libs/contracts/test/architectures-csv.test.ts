import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArchitectures, writeArchitectures } from '../src/index.ts';

const row = { population: '1mf', architecture: '1x8', multiplyAdds: 10, errorPercent: 40.5, loss: 1 };

test('what was measured is written a row an architecture, and read again', () => {
  const csv = writeArchitectures([row]);
  assert.equal(csv, 'population,architecture,multiply_adds,error_percent,loss\n1mf,1x8,10,40.5,1\n');
  assert.deepEqual(readArchitectures(csv), [row]);
  assert.deepEqual(readArchitectures(writeArchitectures([])), []);
});

test('columns are found by their names', () => {
  const csv = 'seed,loss,population,architecture,multiply_adds,error_percent\n0,1,1mf,1x8,10,40.5\n';
  assert.deepEqual(readArchitectures(csv), [row]);
});
