import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advertisedAddress } from '../src/advertised.ts';

test('a trainer that listens on all addresses is reached by the name of its machine, others where they listen', () => {
  assert.equal(advertisedAddress('0.0.0.0:7000', 'a1b2c3'), 'a1b2c3:7000');
  assert.equal(advertisedAddress('[::]:7000', 'a1b2c3'), 'a1b2c3:7000');
  assert.equal(advertisedAddress('127.0.0.1:7001', 'a1b2c3'), '127.0.0.1:7001');
  assert.equal(advertisedAddress('[fd00::1]:7001', 'a1b2c3'), '[fd00::1]:7001');
  assert.equal(advertisedAddress('trainer.example:7000', 'a1b2c3'), 'trainer.example:7000');
});
