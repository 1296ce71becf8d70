import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadConfig, parseAddress } from '@nss/runtime';
import { configuration } from '../../services/webhooks/src/configuration.ts';
import { buildWith, type Manifest, noKustomize } from './kustomize.ts';
import { faultsOf } from './models.ts';

const root = join(import.meta.dirname, '../..');
const skip = noKustomize;

const finder = (built: Manifest[]) => (kind: string, name: string) =>
  built.find((each) => each.kind === kind && each.metadata.name === name) ?? assert.fail(`no ${kind} ${name}`);

test('the webhooks can be put into a mesh, and the manifests say what they do', { skip }, async () => {
  const built = buildWith('webhooks');
  const find = finder(built);
  assert.deepEqual(
    await faultsOf(built),
    built.map(() => []),
  );

  const { template } = find('Deployment', 'webhooks').spec;
  const [container] = template.spec.containers;
  assert.ok(existsSync(join(root, container.args[0])));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(container.image, `nss-service:${version}`);
  const env = { ...find('ConfigMap', container.envFrom[0].configMapRef.name).data, NSS_INSECURE: 'network' };
  for (const { name, value, valueFrom } of container.env) {
    assert.ok(name in configuration.shape, name);
    env[name] = value ?? valueFrom.secretKeyRef.key;
  }
  const config = loadConfig(configuration, env);
  // Its user has the name of its password.
  assert.deepEqual([config.NSS_NATS_USER, config.NSS_NATS_PASSWORD], ['webhooks', 'webhooks']);
  const port = parseAddress(config.NSS_METRICS_LISTEN ?? '')?.port;
  assert.deepEqual(container.ports, [{ name: 'metrics', containerPort: port }]);
  for (const probe of ['startupProbe', 'livenessProbe']) assert.equal(container[probe].httpGet.port, port);
  assert.ok(1_000 * template.spec.terminationGracePeriodSeconds > config.NSS_SHUTDOWN_GRACE_MS + 2_000);

  const [{ mountPath, name }] = container.volumeMounts;
  assert.equal(dirname(config.NSS_WEBHOOKS_FILE), mountPath);
  const volume = template.spec.volumes.find((each: Manifest) => each.name === name);
  const manual = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  assert.match(manual, new RegExp(`create secret generic ${volume.secret.secretName} --from-file=webhooks.yaml`));
});

test('webhooks reach NATS and receivers on the internet, and nothing else', { skip }, () => {
  const policies = buildWith('webhooks').filter(
    ({ kind, spec }) =>
      kind === 'NetworkPolicy' && spec.podSelector.matchLabels?.['app.kubernetes.io/name'] === 'webhooks',
  );
  const ways = policies.flatMap(({ spec }) => spec.egress);
  assert.deepEqual(
    ways.map(({ ports }) => ports),
    [[{ port: 4222 }], [{ port: 443 }]],
  );
  assert.ok(ways[1].to[0].ipBlock.except.includes('10.0.0.0/8'));
  const [{ from, ports }] = finder(buildWith('webhooks'))('NetworkPolicy', 'webhooks-nats-ingress').spec.ingress;
  assert.deepEqual(
    [from[0].podSelector.matchLabels, ports],
    [{ 'app.kubernetes.io/name': 'webhooks' }, [{ port: 4222 }]],
  );
});

test('with the component tls webhooks show NATS a certificate; with telemetry they are scraped', { skip }, () => {
  const built = buildWith('webhooks', 'telemetry', 'tls');
  const find = finder(built);
  const { containers, volumes } = find('Deployment', 'webhooks').spec.template.spec;
  const mesh = find('ConfigMap', containers[0].envFrom[0].configMapRef.name).data;
  const { name } = containers[0].volumeMounts.find((each: Manifest) => each.mountPath === dirname(mesh.NSS_TLS_CERT));
  const { secret } = volumes.find((each: Manifest) => each.name === name);
  assert.equal(find('Certificate', 'webhooks').spec.secretName, secret.secretName);
  const names = containers[0].env.map((each: Manifest) => each.name);
  assert.equal(new Set(names).size, names.length);
  const [{ values }] = find('PodMonitor', 'nss').spec.selector.matchExpressions;
  assert.ok(values.includes('webhooks'));
});
