import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { LEASE_QUEUE } from '@nss/bus';
import { loadConfig, parseAddress } from '@nss/runtime';
import { serviceConfigurations } from '../service-configurations.ts';
import { allowedEdges } from './edges.ts';
import { build, type Manifest, noKustomize, overlays } from './kustomize.ts';

/*
 * What the manifests say and what the services do are the same: their environment, their ports, whom they talk to.
 */

const root = join(import.meta.dirname, '../..');
const skip = noKustomize;

const built = new Map<string, Manifest[]>();
before(() => {
  if (!skip) for (const overlay of overlays) built.set(overlay, build(`overlays/${overlay}`));
});

/** The pod of a manifest that runs some. */
const podOf = ({ kind, spec }: Manifest) =>
  kind === 'ScaledJob'
    ? spec.jobTargetRef.template
    : ['Deployment', 'StatefulSet'].includes(kind)
      ? spec.template
      : undefined;

type Workload = { overlay: string; name: string; manifest: Manifest; pod: Manifest; container: Manifest };

const workloads = (): Workload[] =>
  [...built].flatMap(([overlay, manifests]) =>
    manifests.flatMap((manifest) => {
      const pod = podOf(manifest);
      return pod
        ? [{ overlay, name: manifest.metadata.name, manifest, pod, container: pod.spec.containers[0] as Manifest }]
        : [];
    }),
  );
const services = () => workloads().filter(({ name }) => name !== 'nats');

/** The environment that a container gets, with something in the place of what only a cluster knows. */
function environmentOf({ overlay, container, pod }: Workload): Record<string, string> {
  const manifests = built.get(overlay) ?? [];
  const env: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    const map = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef.name);
    assert.ok(map, `${overlay}: there is no ConfigMap ${configMapRef.name}`);
    Object.assign(env, map.data);
  }
  for (const { name, value, valueFrom } of container.env) {
    const known = {
      'status.podIP': '10.1.2.3',
      'metadata.name': `${pod.metadata.labels?.['app.kubernetes.io/name']}-abc`,
    };
    const found = value ?? known[valueFrom.fieldRef?.fieldPath as keyof typeof known] ?? 'secret';
    env[name] = String(found).replace(/\$\((\w+)\)/g, (_, variable) => env[variable]);
  }
  return env;
}

test('every overlay runs every service, each from its own file', { skip }, () => {
  for (const overlay of overlays) {
    const own = services().filter((workload) => workload.overlay === overlay);
    assert.deepEqual(new Set(own.map(({ name }) => name)), new Set(Object.keys(serviceConfigurations)));
    assert.equal(own.length, 5);
    for (const { name, container } of own) {
      assert.deepEqual(container.args, [`services/${name}/src/main.ts`]);
      assert.ok(existsSync(join(root, container.args[0])));
    }
  }
});

test('every service accepts the environment that its manifest gives it, and knows every variable named there', {
  skip,
}, () => {
  for (const workload of services()) {
    const { overlay, name, container } = workload;
    const env = environmentOf(workload);
    const config: Record<string, unknown> = loadConfig(serviceConfigurations[name], env);
    assert.equal(config.NSS_LISTEN, '0.0.0.0:7000');
    for (const variable of container.env.map((each: { name: string }) => each.name)) {
      const known = variable in serviceConfigurations[name].shape || !variable.startsWith('NSS_');
      assert.ok(known, `${overlay}: ${name} does not know ${variable}`);
    }
    if (name === 'supernet-trainer') assert.equal(config.NSS_ADVERTISE, '10.1.2.3:7000');
    if ('NSS_NATS_USER' in serviceConfigurations[name].shape) assert.equal(config.NSS_NATS_USER, name);
  }
  // What all are told is known by some.
  const all = new Set(Object.values(serviceConfigurations).flatMap(({ shape }) => Object.keys(shape)));
  for (const manifests of built.values()) {
    const mesh = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('mesh-'));
    for (const variable of Object.keys(mesh?.data)) assert.ok(all.has(variable), variable);
  }
});

test('services speak mutual TLS with a certificate of their own, except on one machine', { skip }, () => {
  for (const workload of services()) {
    const { overlay, name, pod, container } = workload;
    const { NSS_INSECURE, NSS_TLS_CA, NSS_TLS_CERT, NSS_TLS_KEY, NSS_NATS_URL } = environmentOf(workload);
    const files = [NSS_TLS_CA, NSS_TLS_CERT, NSS_TLS_KEY];
    if (overlay === 'local') {
      assert.deepEqual([NSS_INSECURE, ...files], ['network', undefined, undefined, undefined], name);
      continue;
    }
    assert.equal(NSS_INSECURE, undefined, `${overlay} ${name}`);
    assert.match(NSS_NATS_URL, /^tls:/);
    const { mountPath } = container.volumeMounts.find((each: Manifest) => each.name === 'tls');
    assert.deepEqual(
      files,
      ['ca.crt', 'tls.crt', 'tls.key'].map((file) => `${mountPath}/${file}`),
    );
    const { secret } = pod.spec.volumes.find((each: Manifest) => each.name === 'tls');
    const certificate = built
      .get(overlay)
      ?.find(({ kind, spec }) => kind === 'Certificate' && spec.secretName === secret.secretName);
    assert.equal(certificate?.spec.commonName, name);
    assert.ok(certificate?.spec.dnsNames.includes(name));
  }
});

test('a mesh with one NATS server keeps one copy, a mesh with three keeps three', { skip }, () => {
  for (const workload of workloads().filter(({ name }) => name === 'nats')) {
    const controller = services().find(
      ({ overlay, name }) => overlay === workload.overlay && name === 'space-controller',
    );
    assert.ok(controller);
    assert.equal(environmentOf(controller).NSS_NATS_REPLICAS, String(workload.manifest.spec.replicas));
  }
});

test('services listen where probes, ports and addresses say', { skip }, () => {
  for (const workload of services()) {
    const { name, container } = workload;
    const { port } = parseAddress(environmentOf(workload).NSS_LISTEN) ?? assert.fail();
    const health = parseAddress(environmentOf(workload).NSS_HEALTH_LISTEN) ?? assert.fail();
    assert.deepEqual(container.ports, [
      { name: 'grpc', containerPort: port },
      { name: 'health', containerPort: health.port },
    ]);
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      // Nothing is sent to a job's pod by a Service.
      if (workload.manifest.kind === 'ScaledJob' && probe === 'readinessProbe') continue;
      // The kubelet has no certificate to show.
      assert.equal(container[probe].grpc.port, health.port, `${name} ${probe}`);
    }
  }
  for (const workload of services()) {
    const manifests = built.get(workload.overlay) ?? [];
    const env = environmentOf(workload);
    const addresses = Object.keys(env).flatMap((key) =>
      key === 'NSS_NATS_URL' ? [new URL(env[key]).host] : /^NSS_.*_ADDRESS$/.test(key) ? [env[key]] : [],
    );
    for (const address of addresses) {
      const [host, port] = address.split(':');
      const target = manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name === host);
      const servicePort = target?.spec.ports.find((each: { port: number }) => each.port === Number(port));
      assert.ok(servicePort, `${workload.overlay}: nobody serves ${address}`);
      const behind = workloads().find(
        ({ overlay, pod }) =>
          overlay === workload.overlay &&
          Object.entries(target?.spec.selector).every(([key, value]) => pod.metadata.labels?.[key] === value),
      );
      assert.ok(
        behind?.container.ports.some((each: { name: string }) => each.name === servicePort.targetPort),
        `${address} leads to no container`,
      );
    }
  }
});

test('a pod gets more time to end than its process takes at most', { skip }, () => {
  for (const workload of services()) {
    const config = loadConfig(serviceConfigurations[workload.name], environmentOf(workload));
    const graceMs = 2 * Number(config.NSS_SHUTDOWN_GRACE_MS) + 2_000;
    assert.ok(1_000 * workload.pod.spec.terminationGracePeriodSeconds > graceMs, workload.name);
  }
});

/** Who talks to whom, read off the code: the addresses and the bus in a configuration, the trainers in a package's dependencies. */
function edgesOfTheCode(): Set<string> {
  const edges = new Set(['nats -> nats:6222']);
  for (const [name, { shape }] of Object.entries(serviceConfigurations)) {
    if ('NSS_NATS_URL' in shape) edges.add(`${name} -> nats:4222`);
    for (const [, target] of Object.keys(shape).flatMap((key) => [...key.matchAll(/^NSS_(.*)_ADDRESS$/g)])) {
      edges.add(`${name} -> ${target.toLowerCase().replaceAll('_', '-')}:7000`);
    }
    const { dependencies } = JSON.parse(readFileSync(join(root, 'services', name, 'package.json'), 'utf8'));
    if (dependencies['@nss/trainer-jobs']) edges.add(`${name} -> supernet-trainer:7000`);
  }
  return edges;
}

test('everything is denied but the edges of the mesh', { skip }, () => {
  for (const [overlay, manifests] of built) {
    const deny = manifests.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'default-deny');
    assert.deepEqual(deny?.spec, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    assert.deepEqual([...allowedEdges(manifests)].sort(), [...edgesOfTheCode()].sort(), overlay);
  }
});

test('no pod is root, writes into its image, gains privileges or holds a token', { skip }, () => {
  for (const { pod, container, overlay, name } of workloads()) {
    const where = `${overlay} ${name}`;
    assert.equal(pod.spec.containers.length, 1, where);
    assert.equal(pod.spec.automountServiceAccountToken, false, where);
    assert.equal(pod.spec.serviceAccountName, name, where);
    assert.equal(pod.spec.securityContext.runAsNonRoot, true, where);
    assert.deepEqual(pod.spec.securityContext.seccompProfile, { type: 'RuntimeDefault' }, where);
    assert.deepEqual(
      container.securityContext,
      { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      where,
    );
    assert.ok(container.resources.requests.cpu && container.resources.limits.memory, where);
  }
});

test('trainer jobs follow the leases that wait or are worked on, and leave when there are none', { skip }, () => {
  for (const overlay of ['production', 'spot']) {
    const job = workloads().find((each) => each.overlay === overlay && each.name === 'supernet-trainer');
    assert.equal(job?.manifest.kind, 'ScaledJob');
    const { spec } = job.manifest;
    const [{ type, metadata }] = spec.triggers;
    assert.equal(type, 'nats-jetstream');
    assert.deepEqual([metadata.stream, metadata.consumer], [LEASE_QUEUE.stream, LEASE_QUEUE.consumer]);
    // `accurate` adds running jobs to a lag that counts them already.
    assert.equal(spec.scalingStrategy.strategy, 'default');
    assert.equal(spec.minReplicaCount, 0);
    assert.equal(spec.rollout.strategy, 'gradual');
    assert.equal(spec.jobTargetRef.template.spec.restartPolicy, 'Never');
    assert.deepEqual(spec.jobTargetRef.podFailurePolicy.rules, [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
    ]);
    assert.ok(Number(environmentOf(job).NSS_EXIT_AFTER_IDLE_SECONDS) > 0);
  }
});

test('images have the versions of this checkout, and no tag that moves', { skip }, () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const nats = /version: '([\d.]+)'/.exec(readFileSync(join(root, 'scripts/setup/nats.mjs'), 'utf8'))?.[1];
  for (const { overlay, name, container } of workloads()) {
    const expected =
      name === 'nats'
        ? `nats:${nats}-alpine`
        : name !== 'supernet-trainer'
          ? `nss-service:${version}`
          : overlay === 'production'
            ? `nss-trainer-gpu:${version}`
            : `nss-trainer:${version}`;
    assert.equal(container.image, expected);
  }
});

test('every secret and config map that a pod needs is made, or named in the operations manual', { skip }, () => {
  const manual = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  for (const { overlay, pod, container } of workloads()) {
    const manifests = built.get(overlay) ?? [];
    const made = new Set(
      manifests.flatMap(({ kind, metadata, spec }) =>
        kind === 'Certificate' ? [spec.secretName] : ['Secret', 'ConfigMap'].includes(kind) ? [metadata.name] : [],
      ),
    );
    const needed = [
      ...container.env.flatMap((each: Manifest) => each.valueFrom?.secretKeyRef?.name ?? []),
      ...(container.envFrom ?? []).map((each: Manifest) => each.configMapRef.name),
      ...(pod.spec.volumes ?? []).flatMap((each: Manifest) => each.secret?.secretName ?? each.configMap?.name ?? []),
    ];
    for (const name of needed)
      assert.ok(made.has(name) || manual.includes(`create secret generic ${name}`), `${overlay}: ${name}`);
  }
});
