import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, instrumentsOf, prometheusName, startTelemetry } from '../src/index.ts';

const CATALOGUE = {
  steps: { name: 'test.steps', kind: 'counter', unit: '{step}', description: 'Steps, by `kind`.' },
  duration: { name: 'test.duration', kind: 'histogram', unit: 's', description: 'How long.', buckets: [1, 10] },
  depth: { name: 'test.queue_depth', kind: 'gauge', unit: '{message}', description: 'What waits.' },
} as const;

test('what is recorded before anybody wants it is forgotten, what is recorded afterwards is served under the names of Prometheus', async (t) => {
  const instruments = instrumentsOf('test', CATALOGUE);
  instruments.steps.add(100);

  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const logger = createLogger('test', { level: 'info', stream });
  const telemetry = await startTelemetry('evaluator', { metricsListen: '127.0.0.1:0', logger, env: {} });
  t.after(() => telemetry.close());
  instruments.steps.add(2, { kind: 'theta' });
  instruments.duration.record(3);
  const forget = instruments.depth.observe((observe) => observe(7, { queue: 'a' }));
  instruments.depth.observe(async (observe) => observe(8, { queue: 'b' }));

  const { url } = JSON.parse(lines.find((line) => line.includes('metrics are served')) ?? '{}');
  const scrape = async (at: string = url) => (await fetch(at)).text();
  const text = await scrape();
  const value = (name: string, labels: string) =>
    new RegExp(`^${name}\\{${labels}\\} (\\S+)$`, 'm').exec(text)?.[1] ?? `not in ${text}`;
  assert.equal(value(prometheusName(CATALOGUE.steps), 'kind="theta",service_name="evaluator"'), '2');
  assert.equal(value(`${prometheusName(CATALOGUE.duration)}_bucket`, 'service_name="evaluator",le="10"'), '1');
  assert.equal(value(`${prometheusName(CATALOGUE.duration)}_bucket`, 'service_name="evaluator",le="1"'), '0');
  assert.equal(value(prometheusName(CATALOGUE.depth), 'queue="a",service_name="evaluator"'), '7');
  assert.equal(value(prometheusName(CATALOGUE.depth), 'queue="b",service_name="evaluator"'), '8');
  assert.match(text, /# HELP test_steps_total Steps, by `kind`\./);

  forget();
  assert.doesNotMatch(await scrape(), /queue="a"/);
  assert.equal((await fetch(url.replace('metrics', 'other'))).status, 404);
});
