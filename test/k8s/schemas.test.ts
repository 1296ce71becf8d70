import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build, type Manifest, noKustomize, overlays } from './kustomize.ts';
import { faultsOf } from './models.ts';

/** Whose model judges a manifest. */
const ownerOf = ({ apiVersion }: Manifest) =>
  ['keda.sh', 'kueue.x-k8s.io', 'cert-manager.io', 'monitoring.coreos.com'].find((group) =>
    apiVersion.startsWith(`${group}/`),
  ) ?? 'kubernetes';

/** Mistakes as people make them, five for each API: what to do to which kind. */
const mistakes: readonly [what: string, kind: string, spoil: (manifest: Manifest) => void][] = [
  [
    'a field with the wrong case',
    'Deployment',
    ({ spec }) => Object.assign(spec.template.spec, { serviceaccountName: 'x' }),
  ],
  ['a number in quotes', 'Deployment', ({ spec }) => Object.assign(spec, { replicas: '2' })],
  [
    'a value that the field does not know',
    'StatefulSet',
    ({ spec }) => Object.assign(spec, { podManagementPolicy: 'AtOnce' }),
  ],
  ['a required field left out', 'Service', ({ spec }) => delete spec.ports[0].port],
  ['a field one level too high', 'NetworkPolicy', (policy) => Object.assign(policy, { podSelector: {} })],

  ['the name of ScaledObject for the limit', 'ScaledJob', ({ spec }) => Object.assign(spec, { maxReplicas: 3 })],
  ['no trigger type', 'ScaledJob', ({ spec }) => delete spec.triggers[0].type],
  [
    'a number in the metadata of a trigger',
    'ScaledJob',
    ({ spec }) => Object.assign(spec.triggers[0].metadata, { lagThreshold: 1 }),
  ],
  ['a job without a pod', 'ScaledJob', ({ spec }) => delete spec.jobTargetRef.template],
  [
    'a failure action that does not exist',
    'ScaledJob',
    ({ spec }) => Object.assign(spec.jobTargetRef.podFailurePolicy.rules[0], { action: 'Skip' }),
  ],

  ['a queue without its cluster queue', 'LocalQueue', ({ spec }) => delete spec.clusterQueue],
  ['an unknown strategy', 'ClusterQueue', ({ spec }) => Object.assign(spec, { queueingStrategy: 'FIFO' })],
  [
    'a quota under its old name',
    'ClusterQueue',
    ({ spec }) => Object.assign(spec.resourceGroups[0].flavors[0].resources[0], { quota: 1 }),
  ],
  [
    'flavors that are no list',
    'ClusterQueue',
    ({ spec }) => Object.assign(spec.resourceGroups[0], { flavors: { name: 'x' } }),
  ],
  [
    'labels under a name of another kind',
    'ResourceFlavor',
    (flavor) => Object.assign(flavor, { spec: { nodeSelector: {} } }),
  ],

  ['a certificate without a secret', 'Certificate', ({ spec }) => delete spec.secretName],
  ['a certificate without an issuer', 'Certificate', ({ spec }) => delete spec.issuerRef],
  [
    'an algorithm that does not exist',
    'Certificate',
    ({ spec }) => Object.assign(spec.privateKey, { algorithm: 'ECDH' }),
  ],
  ['a list given as text', 'Certificate', ({ spec }) => Object.assign(spec, { dnsNames: 'nats' })],
  ['an issuer of a kind that does not exist', 'Issuer', ({ spec }) => Object.assign(spec, { selfsigned: {} })],

  [
    'a port under its name in a Service',
    'PodMonitor',
    ({ spec }) => Object.assign(spec.podMetricsEndpoints[0], { portName: 'x' }),
  ],
  [
    'an interval without a unit',
    'PodMonitor',
    ({ spec }) => Object.assign(spec.podMetricsEndpoints[0], { interval: '30' }),
  ],
  ['no pods to choose from', 'PodMonitor', ({ spec }) => delete spec.selector],
  ['an alert without an expression', 'PrometheusRule', ({ spec }) => delete spec.groups[0].rules[0].expr],
  [
    'a label that is a list',
    'PrometheusRule',
    ({ spec }) => Object.assign(spec.groups[0].rules[0], { labels: { severity: [] } }),
  ],
];

test('every overlay fits the models of Kubernetes, KEDA, Kueue, cert-manager and the Prometheus operator, and every planted mistake is seen', {
  skip: noKustomize,
}, async () => {
  const good = overlays.flatMap((overlay) => build(`overlays/${overlay}`));
  const owners = new Set(good.map(ownerOf));
  assert.deepEqual(
    owners,
    new Set(['kubernetes', 'keda.sh', 'kueue.x-k8s.io', 'cert-manager.io', 'monitoring.coreos.com']),
  );

  const planted = mistakes.map(([what, kind, spoil]) => {
    const manifest = structuredClone(good.find((each) => each.kind === kind));
    assert.ok(manifest, `no overlay has a ${kind}`);
    spoil(manifest);
    return { what: `${kind}: ${what}`, manifest };
  });
  const counts = Map.groupBy(planted, ({ manifest }) => ownerOf(manifest));
  for (const owner of owners) assert.equal(counts.get(owner)?.length, 5, owner);

  const faults = await faultsOf([...good, ...planted.map(({ manifest }) => manifest)]);
  const complaints = good.flatMap(({ kind, metadata }, i) =>
    faults[i].map((fault) => `${kind} ${metadata.name}: ${fault}`),
  );
  assert.deepEqual(complaints, []);
  const unseen = planted.filter((_, i) => faults[good.length + i].length === 0).map(({ what }) => what);
  assert.deepEqual(unseen, []);
});
