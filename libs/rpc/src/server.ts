import { Server, type ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type { Logger, Quotas, Tls, TokenSettings } from '@nss/runtime';
import { admitting, type Callers } from './admission.ts';
import { identification } from './callers.ts';
import { serverCredentials } from './credentials.ts';
import { type Definition, serviceNameOf } from './definitions.ts';
import { failedPrecondition, unavailable } from './errors.ts';
import { explainBuiltInErrors } from './explain.ts';
import { type CallContext, type Calls, type Implementation, LONGEST_CALL_MS, toGrpcHandlers } from './handlers.ts';
import { createHealth, HEALTH_SERVICE, type Health } from './health.ts';
import { rateLimit } from './rates.ts';
import { createReflection } from './reflection.ts';

/** A service and what answers its calls, made by `service`. */
export type Service = readonly [
  definition: Definition,
  implementation: Record<string, (request: never, context: CallContext) => unknown>,
  options: ServiceOptions,
];

export type ServiceOptions = {
  /** Who may call; `services` are told by their certificates, so in plain text that is everybody. */
  readonly callers?: Callers;
  /** Its calls last as long as their callers wait; else the server gives a unary call a minute. */
  readonly waits?: boolean;
};

/** Pairs a generated service definition with its handlers, checked against each other. */
export function service<D extends Definition>(
  definition: D,
  implementation: Implementation<D>,
  options: ServiceOptions = {},
): Service {
  return [definition, implementation as Service[1], options];
}

export type ServerOptions = {
  /** host:port; port 0 takes a free one. */
  readonly listen: string;
  readonly services: readonly Service[];
  readonly logger: Logger;
  /** Mutual TLS: callers show a certificate of the same authority. Plain text when left out. */
  readonly tls?: Tls;
  /** What callers' tokens are checked against; when left out, nobody is asked for one. */
  readonly tokens?: TokenSettings;
  /** Limits the calls of each tenant. */
  readonly quotas?: Quotas;
  /** host:port that answers health checks, and nothing else, in plain text. */
  readonly healthListen?: string;
  /** Further names under which health knows the server, for callers that ask for names that none of its services has. */
  readonly healthNames?: readonly string[];
  /** Larger messages are answered with RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes?: number;
  /**
   * After this, a connection takes no new calls: clients connect again, and find replicas that have come since. Unlimited unless
   * told, and only for services without streams that live longer: the keepalive of grpc-js ends a connection that is closing, and
   * the streams on it.
   */
  readonly maxConnectionAgeMs?: number;
};

export type RunningServer = {
  /** host:port that it listens on. */
  readonly address: string;
  /** The same of `healthListen`, where that was given. */
  readonly healthAddress: string | undefined;
  readonly health: Health;
  /**
   * Stops taking calls, ends streams with UNAVAILABLE, lets unary calls finish and cuts what is not done within `graceMs`.
   */
  close(graceMs: number): Promise<void>;
};

/** A server with health (all services serving) and reflection. Throws FAILED_PRECONDITION when it cannot listen there. */
export async function startServer({
  listen,
  services,
  logger,
  tls,
  tokens,
  quotas = () => ({}),
  healthListen,
  healthNames = [],
  maxMessageBytes = 4 * 1024 * 1024,
  maxConnectionAgeMs,
}: ServerOptions): Promise<RunningServer> {
  const names = services.map(([definition]) => serviceNameOf(definition));
  const health = createHealth([...names, HEALTH_SERVICE, ...healthNames]);
  const streamsEnd = new AbortController();
  const calls: Calls = { running: new Set(), streamsEnd: streamsEnd.signal, longestMs: LONGEST_CALL_MS };

  const server = new Server({
    interceptors: [
      explainBuiltInErrors,
      admitting({
        identify: identification(tokens),
        callersOf: callersOf(services, tls),
        countCall: rateLimit(quotas),
      }),
    ],
    'grpc.max_receive_message_length': maxMessageBytes,
    ...(maxConnectionAgeMs === undefined ? {} : { 'grpc.max_connection_age_ms': maxConnectionAgeMs }),
    // Finds out within half a minute that the other side of an idle stream has died without a word.
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  for (const [definition, implementation, { waits }] of [
    ...services,
    [health.definition, health.implementation, {}] as const,
  ]) {
    const lasting = waits ? { ...calls, longestMs: undefined } : calls;
    server.addService(definition as ServiceDefinition, toGrpcHandlers(definition, implementation, lasting, logger));
  }
  createReflection([...names, HEALTH_SERVICE]).addToServer(server);
  const address = await bind(server, listen, serverCredentials(tls));
  const checks = healthListen ? await serveHealth(healthListen, health, calls, logger) : undefined;
  logger.info({ address, services: names }, 'listening');

  return {
    address,
    healthAddress: checks?.address,
    health: health.health,
    async close(graceMs) {
      health.health.setServing('', false);
      const stopped = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      streamsEnd.abort(unavailable('the server is closing; call again to reach another one', { reason: 'CLOSING' }));
      const grace = Promise.withResolvers<void>();
      const timer = setTimeout(grace.resolve, graceMs);
      await Promise.race([stopped, grace.promise]);
      clearTimeout(timer);
      if (calls.running.size > 0)
        logger.warn({ calls: calls.running.size, graceMs }, 'calls cut by the closing server');
      server.forceShutdown();
      checks?.close();
    },
  };
}

/** Who may call which methods, by their paths. */
function callersOf(services: readonly Service[], tls: Tls | undefined): ReadonlyMap<string, Callers> {
  return new Map(
    services.flatMap(([definition, , { callers = 'everybody' }]) =>
      // In plain text nobody has a certificate to show.
      callers === 'services' && !tls ? [] : Object.values(definition).map(({ path }) => [path, callers] as const),
    ),
  );
}

/** Health, and nothing else, in plain text. */
async function serveHealth(
  listen: string,
  { definition, implementation }: ReturnType<typeof createHealth>,
  calls: Calls,
  logger: Logger,
): Promise<{ address: string; close(): void }> {
  const server = new Server();
  server.addService(definition as ServiceDefinition, toGrpcHandlers(definition, implementation, calls, logger));
  const address = await bind(server, listen, serverCredentials(undefined));
  return { address, close: () => server.forceShutdown() };
}

function bind(server: Server, listen: string, credentials: ServerCredentials): Promise<string> {
  const host = listen.slice(0, listen.lastIndexOf(':'));
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, credentials, (error, port) => {
      if (error) reject(failedPrecondition(`cannot listen on ${listen}: ${error.message}`, { cause: error }));
      else resolve(`${host}:${port}`);
    });
  });
}
