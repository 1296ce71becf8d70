import { type ZodObject, z } from 'zod';

/** The configuration is wrong: names every variable at fault and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One a fault, for example `NSS_NATS_URL: expected ...`. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the configuration is wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * The configuration of a process from its environment. The keys of the schema are the names of the variables; an empty
 * variable counts as not set. Throws ConfigError with all faults at once; values are not repeated in it, as they may be secrets.
 */
export function loadConfig<Schema extends ZodObject>(
  schema: Schema,
  env: Record<string, string | undefined> = process.env,
): z.infer<Schema> {
  const found = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, env[name] || undefined]));
  const parsed = schema.safeParse(found);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const name = issue.path.join('.');
      return env[name] ? `${name}: ${issue.message}` : `${name}: is not set; ${issue.message}`;
    }),
  );
}

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
};

/** The options of a connection that `natsConfiguration` tells. */
export function natsOptions(config: z.infer<z.ZodObject<typeof natsConfiguration>>) {
  return {
    url: config.NSS_NATS_URL,
    replicas: config.NSS_NATS_REPLICAS,
    user: config.NSS_NATS_USER,
    password: config.NSS_NATS_PASSWORD,
  };
}

/** Where another service is: host:port. */
export const address = z
  .string('expected host:port, for example 127.0.0.1:7000')
  .refine((text) => parseAddress(text)?.port !== 0 && parseAddress(text) !== undefined, {
    error: 'expected host:port, for example 127.0.0.1:7000',
  });

/** Where something listens, host:port; port 0 takes any free one. */
const listenAddress = z.string().refine((text) => parseAddress(text) !== undefined, {
  error: 'expected host:port, for example 127.0.0.1:7000, or 127.0.0.1:0 for any free port',
});

/** What every process that serves calls is told of that. */
export const serverConfiguration = {
  /** host:port to serve gRPC on; loopback unless told otherwise. */
  NSS_LISTEN: listenAddress.default('127.0.0.1:0'),
  /** host:port to serve metrics for Prometheus on; they are not served unless told. */
  NSS_METRICS_LISTEN: listenAddress.optional(),
  /** Milliseconds that what runs gets to finish in after SIGTERM: calls, and a trainer's session its command. */
  NSS_SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000).default(10_000),
};

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

/** `NSS_LOG_LEVEL`. */
export const logLevel = z
  .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    error: 'expected trace, debug, info, warn, error, fatal or silent',
  })
  .default('info');

/** A whole number in [min, max], for example `wholeNumber(1, 64).default(1)`. */
export function wholeNumber(min: number, max: number) {
  const error = `expected a whole number from ${min} to ${max}`;
  return z
    .string(error)
    .refine((text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max, { error })
    .transform(Number);
}

/** Host and port of `host:port`; an IPv6 host is written in brackets. Undefined when the text is neither. */
export function parseAddress(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  if (!match || Number(match[3]) > 65535) return undefined;
  return { host: match[1] ?? match[2], port: Number(match[3]) };
}

function isNatsUrl(text: string): boolean {
  return text.split(',').every((each) => {
    const url = URL.parse(each);
    return url !== null && ['nats:', 'tls:', 'ws:', 'wss:'].includes(url.protocol) && url.hostname !== '';
  });
}
