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

/** Where another service is: host:port. */
export const address = z
  .string('expected host:port, for example 127.0.0.1:7000')
  .refine((text) => parseAddress(text)?.port !== 0 && parseAddress(text) !== undefined, {
    error: 'expected host:port, for example 127.0.0.1:7000',
  });

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
