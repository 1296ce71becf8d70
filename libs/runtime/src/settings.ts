import { z } from 'zod';
import { ConfigError, parseAddress, wholeNumber } from './config.ts';
import { loadQuotas } from './quotas.ts';
import { tlsOf, transportConfiguration } from './transport.ts';

/** `NSS_NATS_URL`: where the NATS server is. */
export const natsUrl = z
  .string('expected the URL of a NATS server, for example nats://127.0.0.1:4222')
  .refine(isNatsUrl, 'expected the URL of a NATS server, for example nats://127.0.0.1:4222')
  .default('nats://127.0.0.1:4222');

/** What every process that uses NATS is told of it. */
export const natsConfiguration = {
  /** Where the NATS servers are. */
  NSS_NATS_URL: natsUrl,
  /** User that the NATS servers know; none where they let everybody in. */
  NSS_NATS_USER: z.string().optional(),
  NSS_NATS_PASSWORD: z.string().optional(),
  /** Copies of every stream and bucket: 1, or 3 on a cluster. The same for all processes of a mesh. */
  NSS_NATS_REPLICAS: wholeNumber(1, 5).default(1),
  /** Bucket in S3 that keeps weights and artifacts; without, JetStream does. The same for all processes of a mesh. */
  NSS_S3_BUCKET: z.string().optional(),
  /** URL of an S3 server that is not Amazon's. */
  NSS_S3_ENDPOINT: z.url({ error: 'expected a URL, for example https://minio:9000' }).optional(),
  NSS_S3_REGION: z.string().default('us-east-1'),
  ...transportConfiguration,
};

/** The options of a connection that `natsConfiguration` tells. Throws ConfigError: see `tlsOf`. */
export function natsOptions(config: z.infer<z.ZodObject<typeof natsConfiguration>>) {
  return {
    url: config.NSS_NATS_URL,
    replicas: config.NSS_NATS_REPLICAS,
    user: config.NSS_NATS_USER,
    password: config.NSS_NATS_PASSWORD,
    tls: tlsOf(config),
    s3: s3Of(config),
  };
}

/** Where a server listens, host:port; port 0 takes any free one. */
const listenAddress = z.string().refine((text) => parseAddress(text) !== undefined, {
  error: 'expected host:port, for example 127.0.0.1:7000, or 127.0.0.1:0 for any free port',
});

/** What every process that serves calls is told of that. */
export const serverConfiguration = {
  /** host:port to serve gRPC on. Loopback unless told otherwise. */
  NSS_LISTEN: listenAddress.default('127.0.0.1:0'),
  /** host:port to serve metrics for Prometheus on; they are not served unless told. */
  NSS_METRICS_LISTEN: listenAddress.optional(),
  /** Milliseconds that what runs gets to finish in after SIGTERM: calls, and a trainer's session its command. */
  NSS_SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000).default(10_000),
  /**
   * host:port that answers health checks, and nothing else, in plain text: for checkers that have no certificate. None unless told.
   */
  NSS_HEALTH_LISTEN: listenAddress.optional(),
  ...transportConfiguration,
  /**
   * Keys that callers' tokens are verified with: a JWKS file, or the https URL of one. Without, nobody is asked for a token and everything
   * belongs to the tenant `default`.
   */
  NSS_TOKEN_KEYS: z.string().optional(),
  /** What a token's `iss` and `aud` must be. */
  NSS_TOKEN_ISSUER: z.string().default('nss'),
  NSS_TOKEN_AUDIENCE: z.string().default('nss'),
  /** JSON file that says what each tenant may use at most; see `loadQuotas`. */
  NSS_QUOTAS: z.string().optional(),
};

/** What who calls a mesh is told of that. */
export const clientConfiguration = z.object({
  ...transportConfiguration,
  /** Token (JWT) to show. */
  NSS_TOKEN: z.string().optional(),
});

/** What tokens are checked against. */
export type TokenSettings = {
  /** A JWKS file, or the https URL of one. */
  readonly keys: string;
  readonly issuer: string;
  readonly audience: string;
};

/** The options of a server that `serverConfiguration` tells. Throws ConfigError: see `tlsOf`. */
export function serverOptions(config: z.infer<z.ZodObject<typeof serverConfiguration>>) {
  const tls = tlsOf(config);
  if (config.NSS_TOKEN_KEYS && !tls) {
    throw new ConfigError(['NSS_TOKEN_KEYS: tokens need TLS, or everybody on the way could take them; set NSS_TLS_*']);
  }
  const tokens: TokenSettings | undefined = config.NSS_TOKEN_KEYS
    ? { keys: config.NSS_TOKEN_KEYS, issuer: config.NSS_TOKEN_ISSUER, audience: config.NSS_TOKEN_AUDIENCE }
    : undefined;
  const { NSS_LISTEN: listen, NSS_HEALTH_LISTEN: healthListen } = config;
  return { listen, healthListen, tls, tokens, quotas: loadQuotas(config.NSS_QUOTAS) };
}

/** What every process that works on jobs is told of that. */
export const workerConfiguration = {
  /** Work that is lost at most when a trainer or this process dies. */
  NSS_CHECKPOINT_SECONDS: wholeNumber(0, 86_400).default(60),
  /** The same in iterations, whichever comes first; when it is not set, time alone counts. */
  NSS_CHECKPOINT_STEPS: wholeNumber(1, 1_000_000_000).optional(),
  /** Jobs of each kind that one replica works on, or waits for a trainer for, at the same time. */
  NSS_CONCURRENCY: wholeNumber(1, 1_000).default(16),
  /** How long a worker may be silent before its jobs go to another one. */
  NSS_ACK_WAIT_SECONDS: wholeNumber(1, 3_600).default(30),
};

function isNatsUrl(text: string): boolean {
  return text.split(',').every((each) => {
    const url = URL.parse(each);
    return url !== null && ['nats:', 'tls:', 'ws:', 'wss:'].includes(url.protocol) && url.hostname !== '';
  });
}

function s3Of(config: z.infer<z.ZodObject<typeof natsConfiguration>>) {
  if (config.NSS_S3_BUCKET === undefined) return undefined;
  return { bucket: config.NSS_S3_BUCKET, endpoint: config.NSS_S3_ENDPOINT, region: config.NSS_S3_REGION };
}
