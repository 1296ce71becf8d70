export { createPki, PKI_IDENTITIES, PkiExists, pkiFiles } from './certificates.ts';
export { createToken, type TokenRequest } from './tokens.ts';
