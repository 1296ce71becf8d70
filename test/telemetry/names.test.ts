import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { prometheusName } from '@nss/runtime';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { metrics } from './catalogues.ts';

/*
 * The dashboard and the alerts against the catalogues of metrics, and the alerts against the manual.
 */

const root = join(import.meta.dirname, '../..');
const telemetry = join(root, 'k8s/components/telemetry');

type Alert = { alert: string; expr: string; annotations: { summary: string } };
const alerts: Alert[] = parse(await readFile(join(telemetry, 'alerts.yaml'), 'utf8')).spec.groups.flatMap(
  ({ rules }: { rules: Alert[] }) => rules,
);
const dashboard = JSON.parse(await readFile(join(telemetry, 'dashboard.json'), 'utf8'));
const panels: { title: string; expr: string }[] = dashboard.panels.flatMap(
  ({ title, targets = [] }: { title: string; targets?: { expr: string }[] }) =>
    targets.map(({ expr }) => ({ title, expr })),
);

/** Names under which Prometheus stores the metrics of the catalogues. */
const stored = new Set(
  metrics.flatMap((metric) => {
    const name = prometheusName(metric);
    return metric.kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name];
  }),
);

/** Metrics that an expression of Prometheus names; throws where it is none. */
function namedBy(expression: string): string[] {
  const names: string[] = [];
  parser.parse(expression).iterate({
    enter({ type, from, to, node }) {
      if (type.isError) throw new Error(`not an expression of Prometheus: ${expression}, at ${from}`);
      if (type.name === 'Identifier' && node.parent?.type.name === 'VectorSelector')
        names.push(expression.slice(from, to));
    },
  });
  return names;
}

test('a name of no metric and a text that is no expression are noticed', () => {
  assert.deepEqual(namedBy('sum by (state) (rate(nss_jobs_ended_total{state="failed"}[1h])) > nss_other'), [
    'nss_jobs_ended_total',
    'nss_other',
  ]);
  assert.throws(() => namedBy('sum by (rate('), /not an expression/);
});

test('every metric that the dashboard and the alerts name is in a catalogue, and every catalogued one is on the dashboard', () => {
  const shown = new Set<string>();
  for (const { title, expr } of panels) {
    const names = namedBy(expr);
    assert.ok(names.length > 0, title);
    for (const name of names) assert.ok(stored.has(name), `${title}: there is no metric ${name}`);
    for (const name of names) shown.add(name);
  }
  for (const { alert, expr } of alerts) {
    const names = namedBy(expr);
    assert.ok(names.length > 0, alert);
    for (const name of names) assert.ok(stored.has(name), `${alert}: there is no metric ${name}`);
  }
  for (const metric of metrics) {
    const name = prometheusName(metric);
    assert.ok(
      [...shown].some((each) => each.startsWith(name)),
      `${name} is on no panel`,
    );
  }
});

test('metrics have names of their own, units and descriptions', () => {
  assert.equal(new Set(metrics.map(prometheusName)).size, metrics.length);
  for (const { name, unit, description } of metrics) {
    assert.match(name, /^(nss|rpc)(\.[a-z_]+)+$/);
    assert.ok(unit.length > 0 && description.endsWith('.'), name);
  }
});

test('the manual says of every alert, and of no other, what it means and what to do', async () => {
  const manual = await readFile(join(root, 'docs/operations.md'), 'utf8');
  const section = /^## Alerts$([\s\S]*?)^## /m.exec(manual)?.[1] ?? '';
  const explained = [...section.matchAll(/^- \*\*(Nss\w+)\*\*: (.+(?:\n {2}.+)*)/gm)];
  assert.deepEqual(explained.map(([, name]) => name).sort(), alerts.map(({ alert }) => alert).sort());
  for (const [, name, text] of explained) assert.ok(text.length > 80, `${name} is hardly explained`);
});
