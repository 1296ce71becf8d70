import { readFile } from 'node:fs/promises';
import { COLLECTIONS, DEFAULT_TENANT, isResourceId } from '@nss/rpc';
import { ConfigError, isLoopback } from '@nss/runtime';
import { Webhook as Signer } from 'standardwebhooks';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';

/** Somebody who is told of events by HTTP. */
export type Webhook = z.infer<typeof webhook>;

/** Participles of events, as the last part of their subjects. */
const PARTICIPLES = ['created', 'started', 'succeeded', 'failed', 'cancelled', 'deleted'];

/** Waits before the second attempt, the third, and so on: a day and a half in all. */
const PAUSES_SECONDS = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800, 43_200];

const either = (names: readonly string[]) => `(\\*|${names.join('|')})`;
const event = new RegExp(`^${either(COLLECTIONS)}\\.${either(PARTICIPLES)}$`);
const id = z.string().refine(isResourceId, 'expected lower-case letters, digits and hyphens');

const webhook = z.strictObject({
  /** Names what has been delivered: who changes it gets events from then on. */
  name: id,
  url: z.string().refine(isSafe, 'expected an https URL, or an http URL of this machine'),
  /** `whsec_` and 24 to 64 random bytes in base64 (Standard Webhooks). */
  secret: z.string().refine(isSecret, 'expected whsec_ and 24 to 64 random bytes in base64'),
  /** Which events, as `<collection>.<participle>` with * for all. */
  events: z
    .array(z.string().regex(event, 'expected <collection>.<participle>, for example campaigns.succeeded or *.failed'))
    .min(1)
    .default(['*.*']),
  /** Whose. */
  tenant: id.default(DEFAULT_TENANT),
  /** Seconds before each further attempt; after the last one an event is a dead letter. */
  pausesSeconds: z.array(z.number().min(0).max(86_400)).max(100).default(PAUSES_SECONDS),
});

const file = z
  .strictObject({ webhooks: z.array(webhook).min(1) })
  .refine(({ webhooks }) => new Set(webhooks.map(({ name }) => name)).size === webhooks.length, {
    path: ['webhooks'],
    error: 'expected names that are different from each other',
  });

/** The webhooks of a file. Throws ConfigError with everything that is wrong with it; secrets are not repeated. */
export async function readWebhooks(path: string): Promise<Webhook[]> {
  const parsed = file.safeParse(await yamlOf(path));
  if (parsed.success) return parsed.data.webhooks;
  throw new ConfigError(parsed.error.issues.map((issue) => `${path}: ${issue.path.join('.')}: ${issue.message}`));
}

async function yamlOf(path: string): Promise<unknown> {
  try {
    return parse(await readFile(path, 'utf8'), { prettyErrors: false });
  } catch (error) {
    const why = error instanceof YAMLParseError ? `is no YAML (${error.code})` : 'cannot be read';
    throw new ConfigError([`NSS_WEBHOOKS_FILE: ${path} ${why}`]);
  }
}

function isSafe(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));
}

function isSecret(text: string): boolean {
  const bytes = Buffer.from(text.slice('whsec_'.length), 'base64').length;
  if (!text.startsWith('whsec_') || bytes < 24 || bytes > 64) return false;
  try {
    return Boolean(new Signer(text));
  } catch {
    return false;
  }
}
