import { z } from 'zod';

/** What a receiver is told, and the id under which it is told once. */
export type ReadEvent = { readonly id: string; readonly json: string };

/** A CloudEvent of a job, as jobs publish it (see `JobCloudEvent` of @nss/jobs); more attributes are no fault. */
const event = z.looseObject({
  specversion: z.literal('1.0'),
  /** It is a header, too. */
  id: z.string().regex(/^[\x21-\x7e]{1,512}$/, 'expected 1 to 512 printable characters of ASCII'),
  type: z.string().startsWith('dev.nss.v1.'),
  source: z.string(),
  subject: z.string().min(1),
});

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the body of a message with events of a tenant; what is wrong with it, if it holds no such event. */
export function readEvent(body: Uint8Array, tenant: string): ReadEvent | { readonly fault: string } {
  const json = textOf(body);
  const value = json === undefined ? undefined : parsed(json);
  if (json === undefined || value === undefined) return { fault: `its ${body.length} bytes are no JSON` };
  const { data, error } = event.safeParse(value);
  if (!data) {
    const faults = error.issues.map(({ path, message }) => [...path, message].join(': '));
    return { fault: `it is no CloudEvent of a job (${faults.join('; ')})` };
  }
  // Whoever may publish events of one tenant may not speak for another.
  if (data.source !== `/tenants/${tenant}`) return { fault: `its source is not /tenants/${tenant}` };
  return { id: data.id, json };
}

function textOf(body: Uint8Array): string | undefined {
  try {
    return UTF8.decode(body);
  } catch {
    return undefined;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
