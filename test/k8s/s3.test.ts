import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig, natsConfiguration, natsOptions } from '@nss/runtime';
import { z } from 'zod';
import { serviceConfigurations } from '../service-configurations.ts';
import { buildWith, type Manifest, noKustomize } from './kustomize.ts';
import { faultsOf } from './models.ts';

const root = join(import.meta.dirname, '../..');

/** Services that keep objects: those that have a bus. */
const keepers = Object.entries(serviceConfigurations).flatMap(([name, { shape }]) =>
  'NSS_NATS_URL' in shape ? [name] : [],
);
const podOf = ({ kind, spec }: Manifest) => (kind === 'ScaledJob' ? spec.jobTargetRef.template : spec.template);

test('with the component s3 every service that keeps objects has the bucket, the keys and a way to it', {
  skip: noKustomize,
}, async () => {
  for (const others of [[], ['autoscaling']]) {
    const built = buildWith('s3', ...others);
    assert.deepEqual(
      await faultsOf(built),
      built.map(() => []),
    );
    for (const name of keepers) {
      const manifest = built.find(
        ({ kind, metadata }) => ['Deployment', 'ScaledJob'].includes(kind) && metadata.name === name,
      );
      const [container] = podOf(manifest ?? assert.fail(name)).spec.containers;
      const [{ configMapRef }] = container.envFrom;
      const mesh = built.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef.name);
      const config = loadConfig(z.object(natsConfiguration), { ...mesh?.data, NSS_INSECURE: 'network' });
      assert.deepEqual(natsOptions(config).s3, { bucket: 'nss', endpoint: undefined, region: 'us-east-1' });
      const secrets = container.env.flatMap(({ name, valueFrom }: Manifest & { name: string }) =>
        name.startsWith('AWS_') ? [[name, valueFrom.secretKeyRef.name]] : [],
      );
      assert.deepEqual(secrets, [
        ['AWS_ACCESS_KEY_ID', 's3-credentials'],
        ['AWS_SECRET_ACCESS_KEY', 's3-credentials'],
      ]);
    }
    const policy = built.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 's3');
    assert.deepEqual(policy?.spec.podSelector.matchExpressions[0].values.toSorted(), keepers.toSorted());
    assert.deepEqual(policy?.spec.egress[0].ports, [{ port: 443 }]);
  }
  // Nobody else gets the keys.
  const estimator = buildWith('s3').find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'flops-estimator',
  );
  assert.doesNotMatch(JSON.stringify(estimator), /s3-credentials/);
  assert.match(readFileSync(join(root, 'docs/operations.md'), 'utf8'), /create secret generic s3-credentials/);
});
