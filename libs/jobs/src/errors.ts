import { NssError } from '@nss/rpc';

/** The operation's value, its errors as NssErrors. */
export async function typed<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw NssError.from(error);
  }
}
