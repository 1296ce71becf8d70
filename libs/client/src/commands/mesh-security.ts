import type { ClientOptions } from '@nss/rpc';
import { ConfigError, clientConfiguration, isLoopback, loadConfig, parseAddress, tlsOf } from '@nss/runtime';
import { UsageError } from '../cli/context.ts';

/**
 * How to talk to a mesh elsewhere: TLS as NSS_TLS_CA, NSS_TLS_CERT and NSS_TLS_KEY say, with the token in NSS_TOKEN. Throws UsageError
 * when what would be said in plain text leaves this machine and NSS_INSECURE=network does not ask for that.
 */
export function securityOf(address: string, env: NodeJS.ProcessEnv): Pick<ClientOptions, 'tls' | 'token'> {
  try {
    const { NSS_TOKEN: token, ...transport } = loadConfig(clientConfiguration, env);
    const asked = Object.values(transport).some((value) => value !== undefined);
    if (!asked && isLoopback(parseAddress(address)?.host)) return { token };
    return { token, tls: tlsOf({ ...transport, NSS_ADDRESS: address }) };
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(`${address} is a mesh elsewhere, and ${error.message}`);
    throw error;
  }
}
