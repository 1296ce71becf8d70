import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadConfig, parseAddress, tlsOf } from '@nss/runtime';
import { parse } from 'yaml';
import { configuration } from '../../services/platform-adapter/src/configuration.ts';
import { buildWith, noKustomize } from './kustomize.ts';
import { faultsOf } from './models.ts';

const root = join(import.meta.dirname, '../..');
const component = join(root, 'k8s/components/platform-adapter');

test('the adapter can be put into a mesh, and the manifests say what it does', { skip: noKustomize }, async () => {
  const built = buildWith('platform-adapter');
  const find = (kind: string, name: string) =>
    built.find((each) => each.kind === kind && each.metadata.name === name) ?? assert.fail(`no ${kind} ${name}`);
  assert.deepEqual(
    await faultsOf(built),
    built.map(() => []),
  );

  const { template } = find('Deployment', 'platform-adapter').spec;
  const [container] = template.spec.containers;
  assert.ok(existsSync(join(root, container.args[0])));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(container.image, `nss-service:${version}`);
  const [{ configMapRef }] = container.envFrom;
  const env = { ...find('ConfigMap', configMapRef.name).data };
  for (const { name, value } of container.env) {
    assert.ok(name in configuration.shape, name);
    env[name] = value;
  }
  const config = loadConfig(configuration, env);
  const port = parseAddress(config.NSS_LISTEN)?.port;
  assert.deepEqual(container.ports, [{ name: 'grpc', containerPort: port }]);
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
    assert.equal(container[probe].grpc.port, port);
  assert.ok(1_000 * template.spec.terminationGracePeriodSeconds > config.NSS_SHUTDOWN_GRACE_MS + 2_000);

  const secured = buildWith('platform-adapter', 'tls');
  const deployment = secured.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'platform-adapter',
  );
  const [{ volumeMounts }] = deployment?.spec.template.spec.containers ?? assert.fail();
  const mesh = secured.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('mesh-'));
  assert.equal(dirname(mesh?.data.NSS_TLS_CERT), volumeMounts[0].mountPath);

  const service = find('Service', 'platform-adapter').spec;
  for (const [key, value] of Object.entries(service.selector)) assert.equal(template.metadata.labels[key], value);
  // What clients of the mesh may do, the adapter may; and platforms may come to it.
  assert.equal(template.metadata.labels['nss/client'], 'true');
  const [{ values }] = find('NetworkPolicy', 'platforms-ingress').spec.podSelector.matchExpressions;
  assert.ok(values.includes('platform-adapter'));
});

test("what Katib is told of the adapter fits the image's environment and Katib's ports", () => {
  const { runtime } = parse(readFileSync(join(component, 'katib-config.yaml'), 'utf8'));
  const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
  const [, stage] = /^FROM service AS platform-adapter\n(.*?)^FROM /ms.exec(dockerfile) ?? assert.fail();
  const [, environment] = /^ENV (.*)$/m.exec(stage) ?? assert.fail();
  const ofImage = Object.fromEntries(environment.split(' ').map((each) => each.split('=')));
  assert.match(stage, /^CMD \["services\/platform-adapter\/src\/main.ts"\]$/m);
  assert.equal(parseAddress(loadConfig(configuration, ofImage).NSS_LISTEN)?.port, 6788);
  assert.deepEqual(
    runtime.suggestions.map(({ algorithmName }: { algorithmName: string }) => algorithmName),
    ['nss', 'elite-space'],
  );
  for (const { env } of runtime.suggestions) {
    const given: Record<string, string> = { ...ofImage };
    for (const { name, value, valueFrom } of env) {
      assert.ok(name in configuration.shape, name);
      given[name] = value ?? `-----BEGIN ${valueFrom.secretKeyRef.key}`;
    }
    const config = loadConfig(configuration, given);
    assert.equal(parseAddress(config.NSS_LISTEN)?.port, 6789);
    assert.match(String(tlsOf(config)?.ca), /ca\.crt$/);
  }
});
