import {
  type Bus,
  type DeadLetter,
  deadLettersAfter,
  dropDeadLetter,
  jobOfSubject,
  readDeadLetter,
  resendDeadLetter,
} from '@nss/bus';
import type { DeadLetter as DeadLetterMessage, DeadLetterServiceService } from '@nss/contracts';
import { pageSizeOf } from '@nss/jobs';
import { DEFAULT_TENANT, type Implementation, invalidArgument, notFound, parseStoredId } from '@nss/rpc';

/**
 * Dead letters for whoever mends what has made them. A tenant sees those of its own jobs; those that belong to no tenant's job, such
 * as leases, are the tenant `default`'s.
 */
export function deadLetterService(bus: Bus): Implementation<typeof DeadLetterServiceService> {
  const letterOf = async (number: number, tenant: string): Promise<DeadLetterMessage> => {
    const letter = Number.isSafeInteger(number) && number > 0 ? await readDeadLetter(bus, number) : undefined;
    const owned = letter && ownedLetter(letter);
    if (owned?.tenant === tenant) return owned.message;
    throw notFound(`deadLetters/${number}`, { reason: 'DEAD_LETTER_NOT_FOUND' });
  };
  return {
    async listDeadLetters(request, { caller }) {
      const size = pageSizeOf(request);
      const deadLetters: DeadLetterMessage[] = [];
      for await (const letter of deadLettersAfter(bus, placeOfToken(request.pageToken))) {
        const { tenant, message } = ownedLetter(letter);
        if (tenant !== caller.tenant) continue;
        // One more than asked for: then another page follows.
        if (deadLetters.length === size) return { deadLetters, nextPageToken: String(deadLetters[size - 1].number) };
        deadLetters.push(message);
      }
      return { deadLetters, nextPageToken: '' };
    },
    async resendDeadLetter({ number }, { caller }) {
      const letter = await letterOf(number, caller.tenant);
      await resendDeadLetter(bus, number);
      return letter;
    },
    async dropDeadLetter({ number }, { caller }) {
      const letter = await letterOf(number, caller.tenant);
      await dropDeadLetter(bus, number);
      return letter;
    },
  };
}

function placeOfToken(token: string): number {
  const place = token === '' ? 0 : Number(token);
  if (Number.isSafeInteger(place) && place >= 0) return place;
  throw invalidArgument([
    { field: 'page_token', description: 'expected the next_page_token of a list of dead letters, or nothing' },
  ]);
}

/** A dead letter as callers see it, and whose it is. */
function ownedLetter({ body: _, ...letter }: DeadLetter): { tenant: string; message: DeadLetterMessage } {
  const { tenant, job } = jobOf(letter.subject);
  return { tenant, message: { ...letter, job } };
}

function jobOf(subject: string): { tenant: string; job: string } {
  const queued = jobOfSubject(subject);
  try {
    const { tenant, id } = parseStoredId(queued?.storedId ?? '');
    return { tenant, job: `${queued?.collection}/${id}` };
  } catch {
    // Whoever published it made the subject up, or it is of another queue.
    return { tenant: DEFAULT_TENANT, job: '' };
  }
}
