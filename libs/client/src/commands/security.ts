import { resolve } from 'node:path';
import * as pki from '@nss/pki';
import { isResourceId } from '@nss/rpc';
import { CommandError, type Context, UsageError } from '../cli/context.ts';

/** `nss pki create`. */
export async function createPki(
  folder: string,
  { days, json }: { readonly days: number; readonly json?: boolean },
  { terminal, cwd }: Context,
): Promise<void> {
  const path = resolve(cwd, folder);
  try {
    await pki.createPki(path, { days });
  } catch (error) {
    if (error instanceof pki.PkiExists) throw new CommandError(error.message);
    throw error;
  }
  if (json) {
    terminal.printJson({ folder: path, identities: pki.PKI_IDENTITIES, days });
    return;
  }
  const { ca, certificate, key } = pki.pkiFiles(path, 'client');
  terminal.print(`Certificates for ${pki.PKI_IDENTITIES.join(', ')} are in ${path}, valid for ${days} days.`);
  terminal.note(`\nFor this command:\nexport NSS_TLS_CA=${ca} NSS_TLS_CERT=${certificate} NSS_TLS_KEY=${key}`);
}

/** `nss token create`. */
export async function createToken(
  { pki: folder, ...request }: pki.TokenRequest & { readonly pki: string },
  { terminal, cwd }: Context,
): Promise<void> {
  if (!isResourceId(request.tenant)) {
    throw new UsageError(`--tenant: expected lower-case letters, digits and hyphens, found ${request.tenant}`);
  }
  const token = await pki.createToken(resolve(cwd, folder), request).catch((error) => {
    throw new CommandError(`${folder} has no key for tokens: ${error.message}`, {
      hint: 'Make one: nss pki create DIR',
    });
  });
  terminal.print(token);
}
