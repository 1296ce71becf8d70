import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, parseAddress } from './config.ts';

/** What this process proves itself with, and whom it believes: contents of PEM files. */
export type Tls = {
  /** The authority that has signed the certificates of everybody in the mesh. */
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
};

/** What every process that talks to others is told of how. */
export const transportConfiguration = {
  /** PEM files, or what would be in them; with them everything is mutual TLS: gRPC served, gRPC called, NATS. */
  NSS_TLS_CA: z.string().optional(),
  NSS_TLS_CERT: z.string().optional(),
  NSS_TLS_KEY: z.string().optional(),
  /**
   * Allows plain text instead. `loopback`: within this machine. `network`: anywhere, for networks that keep strangers out or
   * encrypt by themselves; nothing else keeps anybody out then.
   */
  NSS_INSECURE: z.enum(['loopback', 'network'], { error: 'expected loopback or network' }).optional(),
};

type TransportConfig = z.infer<z.ZodObject<typeof transportConfiguration>>;

/**
 * The files that the configuration names; undefined where plain text was asked for and is allowed. Throws ConfigError when
 * neither is said, when both are, when a file cannot be read, and when plain text would leave the machine.
 */
export function tlsOf(config: TransportConfig & Readonly<Record<string, unknown>>): Tls | undefined {
  const { NSS_TLS_CA: ca, NSS_TLS_CERT: certificate, NSS_TLS_KEY: key, NSS_INSECURE: insecure } = config;
  const given = [ca, certificate, key].filter((path) => path !== undefined).length;
  if (given === 0 && insecure) {
    if (insecure === 'loopback') refuseLeavingTheMachine(config);
    return undefined;
  }
  if (given === 0) throw new ConfigError([NOT_SAID]);
  if (ca === undefined || certificate === undefined || key === undefined) {
    throw new ConfigError(['NSS_TLS_CA, NSS_TLS_CERT, NSS_TLS_KEY: expected all three or none']);
  }
  if (insecure) throw new ConfigError(['NSS_INSECURE: plain text is asked for beside TLS; set one of them']);
  const faults: string[] = [];
  const read = (name: string, path: string) => {
    if (path.startsWith('-----BEGIN ')) return Buffer.from(path);
    try {
      return readFileSync(path);
    } catch (error) {
      faults.push(`${name}: cannot be read: ${(error as Error).message}`);
      return Buffer.alloc(0);
    }
  };
  const tls = {
    ca: read('NSS_TLS_CA', ca),
    certificate: read('NSS_TLS_CERT', certificate),
    key: read('NSS_TLS_KEY', key),
  };
  if (faults.length > 0) throw new ConfigError(faults);
  return tls;
}

const NOT_SAID =
  'NSS_TLS_CA, NSS_TLS_CERT, NSS_TLS_KEY: are not set; expected PEM files (for development: nss pki create DIR), or ' +
  'NSS_INSECURE=loopback for plain text within this machine';

/** Every address of the configuration: where it listens, and whom it calls. */
function refuseLeavingTheMachine(config: Readonly<Record<string, unknown>>): void {
  const faults = Object.entries(config).flatMap(([name, value]) => {
    if (typeof value !== 'string') return [];
    if (!hostsIn(name, value).some((host) => !isLoopback(host))) return [];
    return [
      `${name}: plain text is allowed within this machine only (NSS_INSECURE=loopback); expected an address like ` +
        '127.0.0.1:7000, or TLS: NSS_TLS_CA, NSS_TLS_CERT, NSS_TLS_KEY',
    ];
  });
  if (faults.length > 0) throw new ConfigError(faults);
}

function hostsIn(name: string, value: string): (string | undefined)[] {
  if (name === 'NSS_NATS_URL') return value.split(',').map((url) => new URL(url).hostname.replace(/^\[|\]$/g, ''));
  if (/^NSS_(LISTEN|ADVERTISE|(.*_)?ADDRESS)$/.test(name)) return [parseAddress(value)?.host];
  return [];
}

/** Whether a host is this machine, however its names are resolved. */
export function isLoopback(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host);
}
