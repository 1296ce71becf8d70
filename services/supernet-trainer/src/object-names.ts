import type { FieldViolation } from '@nss/contracts';
import { parseStoredObject } from '@nss/rpc';

/*
 * Names of objects that a session may use. A trainer works for one job at a time and can reach every object there is: so it is here that
 * no session writes over what another job has left, or reads what belongs to another tenant.
 */

/** An object to be written: one of the job's own. */
export function checkOwn(name: string, field: string, job: string, violations: FieldViolation[]): void {
  const found = parseStoredObject(name);
  if (!found) violations.push(unfit(name, field));
  else if (found.job !== job) {
    violations.push({ field, description: `expected an object of ${job}, which this session works for` });
  }
}

/** An object to be read: searches go on from what other jobs of their tenant have left. */
export function checkReadable(name: string, field: string, job: string, violations: FieldViolation[]): void {
  const found = parseStoredObject(name);
  if (!found) violations.push(unfit(name, field));
  else if (found.tenant !== parseStoredObject(`${job}/x`)?.tenant) {
    violations.push({ field, description: `expected an object of the tenant that ${job} belongs to` });
  }
}

const unfit = (name: string, field: string): FieldViolation => ({
  field,
  description: `expected the name of something that a job has stored, {collection}/{id}/{file}, found ${JSON.stringify(name.slice(0, 100))}`,
});
