import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { setSha256Backend } from '@nats-io/obj';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Logger, Tls } from '@nss/runtime';
import { followLink, type Link } from './link.ts';
import { busMetrics } from './metrics.ts';
import { withPatience } from './retry.ts';
import type { S3Settings } from './s3-calls.ts';

/** A connection to NATS with JetStream. Only this library looks inside. */
export type Bus = {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly link: Link;
  readonly logger: Logger;
  /** Copies of every stream and bucket that this bus creates: 1, or 3 on a cluster. */
  readonly replicas: number;
  /** How long an operation goes on trying while NATS is away. */
  readonly patienceMs: number;
  /** Where objects are kept, when that is not JetStream. */
  readonly s3?: S3Settings;
  /** Delivers what is under way, then disconnects. Closing twice is fine. */
  close(): Promise<void>;
};

export type BusOptions = {
  /** For example `nats://127.0.0.1:4222`; several, separated by commas, for a cluster. */
  readonly url: string;
  /** Name of the connection in the server's monitoring, usually the service. */
  readonly name: string;
  readonly logger: Logger;
  readonly replicas?: number;
  /** Who connects, where the servers ask. */
  readonly user?: string;
  readonly password?: string;
  /** Mutual TLS; without, plain text. */
  readonly tls?: Tls;
  /**
   * How long an operation goes on trying while NATS is away; 20 s unless told. Shorter than the ack wait and the default deadline of RPCs,
   * so that who waits gets this library's error rather than a timeout that tells nothing.
   */
  readonly patienceMs?: number;
  /** Keeps objects in S3; in JetStream's object store when left out. The same for all processes of a mesh. */
  readonly s3?: S3Settings;
  /** Gives up connecting; a connection that stands is not affected. */
  readonly signal?: AbortSignal;
};

const RECONNECT_WAIT_MS = 500;
const FIRST_CONNECT_WAIT_MS = 1_000;
const PATIENCE_MS = 20_000;

/**
 * Connects, and reconnects for ever. Waits for a server that is not there yet: services and NATS start in any order. Throws
 * only when `signal` is aborted, or when the server has no JetStream.
 */
export async function connectBus({
  url,
  name,
  logger,
  replicas = 1,
  user,
  password,
  tls,
  patienceMs = PATIENCE_MS,
  s3,
  signal,
}: BusOptions): Promise<Bus> {
  // Process-wide, and only a matter of speed: digests of objects are the same.
  setSha256Backend('native');
  const nc = await connected({ url, name, logger, user, password, tls, signal });
  try {
    const link = followLink(nc);
    const jsm = await withPatience({ link, patienceMs }, 'reach JetStream', () => jetstreamManager(nc));
    void reportStatus(nc, logger);
    return { nc, js: jetstream(nc), jsm, link, logger, replicas, patienceMs, s3, close: () => close(nc) };
  } catch (error) {
    await nc.close();
    throw new Error(`the NATS server at ${url} has no JetStream; start it with --jetstream`, { cause: error });
  }
}

async function connected({ url, name, logger, user, password, tls, signal }: BusOptions): Promise<NatsConnection> {
  const servers = url.split(',');
  const login = user === undefined ? {} : { user, pass: password };
  // Given even the smallest options, the client insists on TLS.
  const secured = tls && { tls: { ca: String(tls.ca), cert: String(tls.certificate), key: String(tls.key) } };
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connect({
        servers,
        name,
        ...login,
        ...secured,
        maxReconnectAttempts: -1,
        reconnectDelayHandler: reconnectDelay(),
        // Else every request takes two stack traces in case it fails.
        noAsyncTraces: true,
      });
    } catch (error) {
      logger.warn({ url, reason: String(error) }, 'NATS cannot be reached yet; trying again');
    }
    await delay(FIRST_CONNECT_WAIT_MS, undefined, { signal });
  }
}

/**
 * How long the client is to wait, by the clock on the wall, since it last tried a server. That clock may jump, and a client that trusts
 * it stays away for as long as it was put back: here one that does not jump says when the pause is over.
 */
function reconnectDelay(): () => number {
  let triedAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - triedAt < RECONNECT_WAIT_MS) return RECONNECT_WAIT_MS;
    triedAt = performance.now();
    return Number.NEGATIVE_INFINITY;
  };
}

async function reportStatus(nc: NatsConnection, logger: Logger): Promise<void> {
  let connected = true;
  const forget = busMetrics.connected.observe((observe) => observe(Number(connected)));
  for await (const status of nc.status()) {
    if (status.type === 'disconnect') connected = false;
    if (status.type === 'reconnect') connected = true;
    if (status.type === 'disconnect') logger.warn({ server: status.server }, 'NATS connection lost; reconnecting');
    if (status.type === 'reconnect') logger.info({ server: status.server }, 'NATS connection is back');
    if (status.type === 'error') logger.error({ error: status.error }, 'NATS server reports an error');
  }
  forget();
}

async function close(nc: NatsConnection): Promise<void> {
  if (nc.isClosed()) return;
  // Draining needs the server; without it, there is nothing left to deliver.
  await nc.drain().catch(() => nc.close());
}
