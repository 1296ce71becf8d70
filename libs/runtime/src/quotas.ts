import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from './config.ts';

const most = z.int().min(0);

const quota = z.strictObject({
  /** Campaigns that have not ended. */
  campaigns: most.optional(),
  /** Trainers that work at the same time. */
  trainers: z.int().min(1).optional(),
  /** Bytes of weights and artifacts; nothing new is begun when there are more. */
  storedBytes: most.optional(),
  /** Calls that one server process takes. */
  callsPerMinute: z.int().min(1).optional(),
});

const quotaFile = z.strictObject({
  /** For every tenant; what is left out is not limited. */
  default: quota.default({}),
  /** What is other for some. */
  tenants: z.record(z.string(), quota).default({}),
});

/** What a tenant may use at most. */
export type Quota = Readonly<z.infer<typeof quota>>;

/** The quota of a tenant. */
export type Quotas = (tenant: string) => Quota;

/**
 * Quotas from a file: `{ "default": { "campaigns": 10 }, "tenants": { "acme": { "campaigns": 100 } } }`; no limits without one. Throws
 * ConfigError.
 */
export function loadQuotas(path: string | undefined): Quotas {
  if (path === undefined) return () => ({});
  let parsed: z.infer<typeof quotaFile>;
  try {
    parsed = quotaFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const faults = error instanceof z.ZodError ? error.issues.map(faultOf) : [(error as Error).message];
    throw new ConfigError(faults.map((fault) => `NSS_QUOTAS: ${path}: ${fault}`));
  }
  const own = new Map(Object.entries(parsed.tenants));
  return (tenant) => ({ ...parsed.default, ...own.get(tenant) });
}

const faultOf = ({ path, message }: z.core.$ZodIssue) => `${path.join('.') || 'the file'}: ${message}`;
