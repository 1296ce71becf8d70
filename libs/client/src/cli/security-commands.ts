import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { examples, jsonOption, wholeNumber } from './options.ts';

/** `nss pki` and `nss token`. */
export function addSecurityCommands(program: Command, context: Context): void {
  program
    .command('pki')
    .summary('certificates for a mesh with TLS')
    .description('Certificates and keys for development. A mesh for others takes those of its own authority.')
    .command('create <DIR>')
    .summary('make an authority, certificates and keys for tokens')
    .description(
      'Makes a certificate authority, a certificate for NATS, for each service and for clients, and keys for tokens, as files in DIR. ' +
        'Keep DIR to yourself: who has ca.key or token-key.json can be anybody.',
    )
    .addOption(new Option('--days <N>', 'how long certificates are valid').default(90).argParser(wholeNumber(1, 3_650)))
    .addOption(jsonOption())
    .addHelpText('after', examples(['nss pki create pki']))
    .action(async (folder, options) => (await import('../commands/security.ts')).createPki(folder, options, context));
  program
    .command('token')
    .summary('tokens that say whose jobs a caller works with')
    .command('create')
    .summary('make a token')
    .description('Makes a token (JWT) with the key of `nss pki create`, for development, and prints it.')
    .addOption(new Option('--pki <DIR>', 'folder of nss pki create').makeOptionMandatory())
    .addOption(new Option('--tenant <NAME>', 'whose jobs').makeOptionMandatory())
    .addOption(new Option('--subject <NAME>', 'who has the token, for logs').default('developer'))
    .addOption(new Option('--hours <N>', 'how long it is valid').default(12).argParser(wholeNumber(1, 8_760)))
    .addOption(new Option('--operator', 'also for dead letters: those of the tenant'))
    .addOption(new Option('--issuer <NAME>', 'NSS_TOKEN_ISSUER of the services').default('nss'))
    .addOption(new Option('--audience <NAME>', 'NSS_TOKEN_AUDIENCE of the services').default('nss'))
    .addHelpText('after', examples(['NSS_TOKEN=$(nss token create --pki pki --tenant acme) nss status']))
    .action(async (options) => (await import('../commands/security.ts')).createToken(options, context));
}
