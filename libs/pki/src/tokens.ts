import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';

export type TokenRequest = {
  /** Whose jobs the bearer may see and make. */
  readonly tenant: string;
  /** Who the bearer is, for logs. */
  readonly subject: string;
  readonly hours: number;
  /** Whether the bearer may also do what concerns all tenants. */
  readonly operator?: boolean;
  /** What services compare with `NSS_TOKEN_ISSUER` and `NSS_TOKEN_AUDIENCE`. */
  readonly issuer: string;
  readonly audience: string;
};

const ALGORITHM = 'EdDSA';
/** The key that signs; for whoever makes tokens only. */
const SIGNING_KEY = 'token-key.json';
/** The key set that services verify with: `NSS_TOKEN_KEYS`. */
const VERIFYING_KEYS = 'token-keys.json';

/** Makes the keys of a folder: `token-key.json` signs, `token-keys.json` verifies. */
export async function writeTokenKeys(folder: string): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const about = { kid: randomUUID(), alg: ALGORITHM, use: 'sig' };
  const write = (file: string, content: object, mode: number) =>
    writeFile(join(folder, file), `${JSON.stringify(content, null, 2)}\n`, { mode, flag: 'wx' });
  await write(SIGNING_KEY, { ...(await exportJWK(privateKey)), ...about }, 0o600);
  await write(VERIFYING_KEYS, { keys: [{ ...(await exportJWK(publicKey)), ...about }] }, 0o644);
}

/** A token (JWT) signed with the key in a folder that `createPki` has made. Throws when there is none. */
export async function createToken(folder: string, request: TokenRequest): Promise<string> {
  const key = JSON.parse(await readFile(join(folder, SIGNING_KEY), 'utf8')) as JWK;
  const { tenant, operator = false } = request;
  return new SignJWT({ tenant, ...(operator && { operator }) })
    .setProtectedHeader({ alg: ALGORITHM, kid: key.kid })
    .setSubject(request.subject)
    .setIssuer(request.issuer)
    .setAudience(request.audience)
    .setIssuedAt()
    .setExpirationTime(`${request.hours}h`)
    .sign(await importJWK(key, ALGORITHM));
}
