import { readFileSync } from 'node:fs';
import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { isLoopback, type TokenSettings } from '@nss/runtime';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { failedPrecondition, unauthenticated, unavailable } from './errors.ts';
import { isResourceId } from './names.ts';
import { DEFAULT_TENANT, parseTenant } from './tenants.ts';

/** Who calls. */
export type Caller = {
  /** Whose jobs the call is about. */
  readonly tenant: string;
  /** The service of the mesh that calls, by its certificate; undefined for everybody else. */
  readonly service: string | undefined;
  /** Whether the caller may also do what concerns all tenants: by the claim `operator`, or because nobody is asked who they are. */
  readonly operator: boolean;
};

/** Says who calls. Throws UNAUTHENTICATED. */
export type Identify = (metadata: Metadata, auth: AuthContext) => Promise<Caller>;

type AuthContext = ReturnType<ServerInterceptingCallInterface['getAuthContext']>;

/** Metadata key in which a service says for which tenant it works. */
export const TENANT_KEY = 'nss-tenant';
/** Metadata key of a caller's token. */
export const TOKEN_KEY = 'authorization';

/** Services that work for the tenants of their jobs. The other ones call nobody. */
const ACTING: ReadonlySet<string> = new Set(['space-controller', 'evaluator', 'nas-runner']);

/** Signatures that anybody may check and only their maker can make. */
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'PS384', 'PS512'];
const CLOCK_TOLERANCE_SECONDS = 30;

/**
 * How a server finds out who calls: a service by the common name of its certificate, and for which tenant by what it says; everybody else
 * by the claim `tenant` of a token. Without `tokens` all are of the tenant `default`. Throws FAILED_PRECONDITION when the keys
 * cannot be used.
 */
export function identification(tokens: TokenSettings | undefined): Identify {
  const verify = tokens && tokenVerifier(tokens);
  return async (metadata, { sslPeerCertificate }) => {
    const service = sslPeerCertificate?.subject?.CN;
    if (typeof service === 'string' && ACTING.has(service)) {
      const [told] = metadata.get(TENANT_KEY);
      return {
        service,
        operator: false,
        tenant: told === undefined ? DEFAULT_TENANT : parseTenant(TENANT_KEY, String(told)),
      };
    }
    return verify ? verify(bearerToken(metadata)) : ANYBODY;
  };
}

/** Where callers are not asked who they are. */
export const ANYBODY: Caller = { tenant: DEFAULT_TENANT, service: undefined, operator: true };

function bearerToken(metadata: Metadata): string {
  const token = /^Bearer +(\S+)$/i.exec(String(metadata.get(TOKEN_KEY)[0] ?? ''))?.[1];
  if (token !== undefined) return token;
  throw unauthenticated('expected a token in the metadata: authorization: Bearer TOKEN', { reason: 'TOKEN_MISSING' });
}

/** Says who the bearer of a token is. */
function tokenVerifier({ keys, issuer, audience }: TokenSettings): (token: string) => Promise<Caller> {
  const keySet = keysOf(keys);
  const options = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_SECONDS };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keySet, { ...options, requiredClaims: ['exp', 'sub', 'tenant'] });
      const { tenant, operator } = payload;
      if (typeof tenant === 'string' && isResourceId(tenant)) {
        return { tenant, service: undefined, operator: operator === true };
      }
    } catch (error) {
      throw refusal(error);
    }
    throw unauthenticated('the claim "tenant" of the token is no name of a tenant', { reason: 'TOKEN_REFUSED' });
  };
}

function keysOf(keys: string): JWTVerifyGetKey {
  const url = /^https?:/.test(keys) ? new URL(keys) : undefined;
  if (url?.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw failedPrecondition('the keys of tokens (NSS_TOKEN_KEYS) come by https, or from a file');
  }
  if (url) return createRemoteJWKSet(url);
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(keys, 'utf8')));
  } catch (cause) {
    throw failedPrecondition(`${keys} (NSS_TOKEN_KEYS) is no file with a JSON Web Key Set`, { cause });
  }
}

/** What the caller is told: which claim or what of the token is wrong, never the token. */
function refusal(error: unknown) {
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
    return unavailable('the keys of tokens cannot be fetched now', { cause: error });
  }
  return unauthenticated(`the token is refused: ${error.message}`, { reason: 'TOKEN_REFUSED', cause: error });
}
