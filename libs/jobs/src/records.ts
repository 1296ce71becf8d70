import { failedPrecondition } from '@nss/rpc';

/*
 * What this library stores as JSON says which form it has. Forms only grow: every version reads those of all versions before
 * it, and refuses those of later ones rather than to guess. Records without a version are of the first form.
 */

/** Bytes of a record of this version. */
export function encodeRecord(version: number, record: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version, ...record }));
}

/** The record. Throws FAILED_PRECONDITION (NEWER_RECORD) for one that a later version has written. */
export function decodeRecord<Record>(known: number, what: string, bytes: Uint8Array): Record {
  const { version = 1, ...record } = JSON.parse(new TextDecoder().decode(bytes));
  checkVersion(known, version, what);
  return record as Record;
}

/** Throws FAILED_PRECONDITION (NEWER_RECORD) if `found` is later than `known`. */
export function checkVersion(known: number, found: number, what: string): void {
  if (found <= known) return;
  throw failedPrecondition(
    `${what} was stored in form ${found} by a later version of NSS; this one knows form ${known}: run that version again`,
    { reason: 'NEWER_RECORD' },
  );
}
