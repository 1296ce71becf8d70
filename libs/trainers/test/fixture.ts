import { type Bus, connectBus, ensureTopology, LEASE_QUEUE } from '@nss/bus';
import { startNatsServer } from '@nss/bus/testing';
import { type OpenSession, type SessionRequest, SessionResponse, Trainer, TrainerServiceService } from '@nss/contracts';
import { type CallContext, service, startServer } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { type OpenedLease, type ServeLeases, serveLeases } from '../src/index.ts';

export const logger = createLogger('test', { level: process.env.NSS_TEST_LOG_LEVEL ?? 'silent' });

/** Of the context of a test: runs a function when the test has ended. */
type Ending = { after(end: () => Promise<void>): void };

/** A real NATS server with the streams of the mesh, stopped when the test ends. */
export async function startBus(t: Ending, { ackWaitMs }: { ackWaitMs?: number } = {}) {
  const server = await startNatsServer();
  atEnd(t, () => server.stop());
  const connected = async (name: string): Promise<Bus> => {
    const bus = await connectBus({ url: server.url, name, logger });
    atEnd(t, () => bus.close());
    return bus;
  };
  const bus = await connected('holder');
  await ensureTopology(bus, { ackWaitMs });
  return { bus, connected, url: server.url };
}

const endings = new WeakMap<Ending, AsyncDisposableStack>();

/** Runs `end` when the test ends, before what was to be ended earlier. (The test runner's own order is the opposite.) */
function atEnd(t: Ending, end: () => Promise<void>): void {
  const stack = endings.get(t) ?? new AsyncDisposableStack();
  if (!endings.has(t)) t.after(() => stack.disposeAsync());
  endings.set(t, stack);
  stack.defer(end);
}

/** Leases that wait or are worked on. */
export async function leasesIn(bus: Bus): Promise<number> {
  const { state } = await bus.jsm.streams.info(LEASE_QUEUE.stream);
  return state.messages;
}

/** Resolves when no lease waits or is worked on. */
export async function noLeases(bus: Bus): Promise<void> {
  while ((await leasesIn(bus)) > 0);
}

export type FakeTrainer = {
  readonly address: string;
  /** Every command that it was given, by name. */
  readonly commands: string[];
  /** The `open` command of every session. */
  readonly opened: OpenSession[];
  leaseId(): string;
  readonly done: Promise<void>;
  /** Goes as SIGTERM lets it go. */
  stop(): Promise<void>;
};

export type Behaviour = {
  /** Runs before each command is answered; what it throws ends the session. */
  readonly before?: (command: NonNullable<SessionRequest['command']>, context: CallContext) => Promise<void> | void;
  /** Checkpoints by id: how many steps the weights had seen. */
  readonly store?: Map<string, number>;
  readonly leases?: Partial<ServeLeases>;
};

/** A trainer that speaks the protocol and computes nothing: its weights are the number of steps that they have seen. */
export async function startTrainer(
  t: Ending,
  bus: Bus,
  trainerId: string,
  { before, store = new Map(), leases: options }: Behaviour = {},
): Promise<FakeTrainer> {
  const commands: string[] = [];
  const opened: OpenSession[] = [];
  const closing = new AbortController();

  async function* session(
    requests: AsyncIterable<SessionRequest>,
    context: CallContext,
  ): AsyncGenerator<SessionResponse> {
    let lease: OpenedLease | undefined;
    let steps = 0;
    try {
      for await (const { command } of requests) {
        if (!command) throw new Error('no command');
        commands.push(command.$case);
        if (command.$case === 'open') {
          lease = leases.opened(command.value.leaseId);
          opened.push(command.value);
        }
        await before?.(command, context);
        if (command.$case === 'weightSteps') steps += command.value.steps.length;
        if (command.$case === 'save') store.set(command.value.checkpointId, steps);
        if (command.$case === 'load') steps = store.get(command.value.checkpoint?.checkpointId ?? '') ?? 0;
        yield SessionResponse.create({ reply: replyTo(command, trainerId, steps), busySeconds: 0.5 });
      }
    } finally {
      lease?.giveBack();
    }
  }

  const server = await startServer({
    listen: '127.0.0.1:0',
    services: [service(TrainerServiceService, { session, getTrainer: async () => Trainer.create({ trainerId }) })],
    logger,
  });
  const leases = serveLeases({
    bus,
    trainerId,
    address: server.address,
    signal: closing.signal,
    logger,
    askAgainAfterMs: 1,
    ...options,
  });
  const stop = async () => {
    closing.abort();
    await server.close(0);
    await leases.done;
  };
  atEnd(t, stop);
  return { address: server.address, commands, opened, leaseId: leases.leaseId, done: leases.done, stop };
}

function replyTo(
  command: NonNullable<SessionRequest['command']>,
  trainerId: string,
  steps: number,
): SessionResponse['reply'] {
  switch (command.$case) {
    case 'open':
      return {
        $case: 'open',
        value: { trainerId, engine: 'none', threads: 1, leaseId: command.value.leaseId },
      };
    case 'weightSteps':
      return { $case: 'weightSteps', value: { losses: command.value.steps.map(({ learningRate }) => learningRate) } };
    case 'thetaStep':
      return {
        $case: 'thetaStep',
        value: {
          loss: command.value.iteration,
          gradients: command.value.stages.map(({ depthWeights, widthWeights }) => ({ depthWeights, widthWeights })),
        },
      };
    case 'evaluate': {
      const { architectures, calibrationImages } = command.value;
      return {
        $case: 'evaluate',
        value: {
          errorsPercent: architectures.map(({ stages }) => stages[0].width),
          losses: architectures.map(() => calibrationImages),
        },
      };
    }
    case 'save':
      return {
        $case: 'save',
        value: { checkpointId: command.value.checkpointId, digest: `SHA-256=${steps}`, bytes: 8 },
      };
    case 'load':
      return { $case: 'load', value: {} };
  }
}
