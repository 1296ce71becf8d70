import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, connectBus, ensureTopology } from '@nss/bus';
import { startNatsServer } from '@nss/bus/testing';
import { createPki, createToken, pkiFiles } from '@nss/pki';
import { createLogger, type Tls } from '@nss/runtime';
import { freeAddresses, startService } from './mesh-processes.ts';
import { startAnalyticTrainer } from './simulation/analytic-trainer.ts';

/** A mesh for several tenants: mutual TLS everywhere, tokens, and the users of NATS of the manifests. */
export type SecuredMesh = {
  readonly natsUrl: string;
  /** Of the user `operator`, who may look at everything. */
  readonly bus: Bus;
  /** host:port of every service, by its name. */
  readonly addresses: Readonly<Record<string, string>>;
  /** What somebody of the mesh's PKI proves itself with. */
  tlsOf(identity: string): Tls;
  tokenOf(tenant: string, operator?: boolean): Promise<string>;
  close(): Promise<void>;
};

const logger = createLogger('test', { level: 'silent' });

export const passwordOf = (user: string) => `pass-${user}`;

/**
 * Starts one, as processes.
 *
 * @param options.tenants those with a user of NATS, who may hear the tenant's events and nothing else
 * @param options.quotas content of the file of quotas
 */
export async function startSecuredMesh(options: { tenants: string[]; quotas: object }): Promise<SecuredMesh> {
  await using closing = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'nss-secured-'));
  closing.defer(() => rm(folder, { recursive: true }));
  const pki = join(folder, 'pki');
  await createPki(pki);
  await writeFile(join(folder, 'quotas.json'), JSON.stringify(options.quotas));
  const tlsOf = (identity: string): Tls => {
    const files = pkiFiles(pki, identity);
    return { ca: readFileSync(files.ca), certificate: readFileSync(files.certificate), key: readFileSync(files.key) };
  };

  const { ca, certificate, key } = pkiFiles(pki, 'nats');
  const nats = await startNatsServer({
    config: `
      tls { ca_file: "${ca}", cert_file: "${certificate}", key_file: "${key}", verify: true }
      ${authorization(options.tenants)}`,
  });
  closing.defer(() => nats.stop());
  const connectAs = async (user: string) => {
    const login = { user, password: passwordOf(user), tls: tlsOf('supernet-trainer') };
    const bus = await connectBus({ url: nats.url, name: 'test', logger, ...login });
    closing.defer(() => bus.close());
    return bus;
  };
  const [bus, trainerBus] = [await connectAs('operator'), await connectAs('supernet-trainer')];
  await ensureTopology(bus);

  const names = ['space-controller', 'evaluator', 'nas-runner', 'flops-estimator'];
  const [trainerAddress, ...found] = await freeAddresses(names.length + 1);
  const addresses = {
    ...Object.fromEntries(names.map((name, i) => [name, found[i]])),
    'supernet-trainer': trainerAddress,
  };
  const everywhere = {
    NSS_INSECURE: '',
    NSS_TOKEN_KEYS: join(pki, 'token-keys.json'),
    NSS_QUOTAS: join(folder, 'quotas.json'),
    NSS_NATS_URL: nats.url,
    NSS_CHECKPOINT_SECONDS: '0',
    ...Object.fromEntries(names.map((name, i) => [`NSS_${variable(name)}_ADDRESS`, found[i]])),
  };
  const starting = names.map(async (name, i) => {
    const files = pkiFiles(pki, name);
    const service = await startService(name, found[i], {
      ...everywhere,
      NSS_TLS_CA: files.ca,
      NSS_TLS_CERT: files.certificate,
      NSS_TLS_KEY: files.key,
      NSS_NATS_USER: name,
      NSS_NATS_PASSWORD: passwordOf(name),
    });
    closing.defer(async () => void (await service.stop()));
  });
  await Promise.allSettled(starting);
  await Promise.all(starting);
  const tls = tlsOf('supernet-trainer');
  const trainer = await startAnalyticTrainer(trainerBus, 'trainer-1', logger, trainerAddress, tls);
  closing.defer(() => trainer.close());

  const started = closing.move();
  return {
    natsUrl: nats.url,
    bus,
    addresses,
    tlsOf,
    tokenOf: (tenant, operator = false) =>
      createToken(pki, { tenant, subject: 'test', hours: 1, operator, issuer: 'nss', audience: 'nss' }),
    close: () => started.disposeAsync(),
  };
}

const variable = (name: string) => name.toUpperCase().replaceAll('-', '_');

/** The users of the manifests, and beside them one for each tenant. */
function authorization(tenants: readonly string[]): string {
  const manifest = readFileSync(join(import.meta.dirname, '../k8s/base/nats.conf'), 'utf8');
  const users = tenants.map(
    (name) => `{
      user: ${name}
      password: ${passwordOf(name)}
      permissions: { publish: { deny: ">" }, subscribe: { allow: ["nss.v1.tenants.${name}.>"] } }
    }`,
  );
  return manifest
    .slice(manifest.indexOf('authorization {'))
    .replaceAll(/\$([A-Z_]+)_PASSWORD/g, (_, user) => passwordOf(user.toLowerCase().replaceAll('_', '-')))
    .replace('users: [', `users: [ ${users.join('\n')}`);
}
