// x509 stands on decorators, which need this.
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { writeTokenKeys } from './tokens.ts';

/** Who gets a certificate: NATS, the services, and people and programs outside the mesh. */
export const PKI_IDENTITIES = [
  'nats',
  'space-controller',
  'evaluator',
  'nas-runner',
  'flops-estimator',
  'supernet-trainer',
  'client',
] as const;

/** There is a PKI in the folder already. */
export class PkiExists extends Error {
  override readonly name = 'PkiExists';

  constructor(folder: string) {
    super(`${folder} holds a PKI already; keep it, or name a folder that does not`);
  }
}

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3_600_000;

/** The files of an identity in a PKI's folder. */
export function pkiFiles(folder: string, identity: string): { ca: string; certificate: string; key: string } {
  return {
    ca: join(folder, 'ca.crt'),
    certificate: join(folder, `${identity}.crt`),
    key: join(folder, `${identity}.key`),
  };
}

/**
 * Makes a certificate authority, a certificate for every identity, and keys for tokens, as files in a folder. A certificate names its
 * owner (common name and DNS name), and this machine: `localhost`, 127.0.0.1 and ::1. Private keys are readable by their owner only.
 * Throws PkiExists.
 */
export async function createPki(folder: string, { days = 90 }: { days?: number } = {}): Promise<void> {
  if (existsSync(join(folder, 'ca.crt'))) throw new PkiExists(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const from = Date.now() - 3_600_000;
  const validity = { notBefore: new Date(from), notAfter: new Date(from + days * DAY_MS) };
  const caKeys = await crypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serialNumber(),
    name: 'CN=nss-development-ca',
    keys: caKeys,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  await writePair(folder, 'ca', ca, caKeys.privateKey);
  for (const identity of PKI_IDENTITIES) {
    const keys = await crypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.create({
      ...validity,
      serialNumber: serialNumber(),
      subject: `CN=${identity}`,
      issuer: ca.subject,
      signingKey: caKeys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: SIGNING,
      extensions: leafExtensions(identity),
    });
    await writePair(folder, identity, certificate, keys.privateKey);
  }
  await writeTokenKeys(folder);
}

function leafExtensions(identity: string) {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
    new SubjectAlternativeNameExtension([
      { type: 'dns', value: identity },
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ]),
  ];
}

async function writePair(
  folder: string,
  identity: string,
  certificate: X509Certificate,
  privateKey: CryptoKey,
): Promise<void> {
  const files = pkiFiles(folder, identity);
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
  await writeFile(files.key, `${key}\n`, { mode: 0o600, flag: 'wx' });
  await writeFile(files.certificate, `${certificate.toString('pem')}\n`, { flag: 'wx' });
}

/** 127 random bits, positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] & 0x7f) | 0x40;
  return bytes.toString('hex');
}
