import { setTimeout as delay } from 'node:timers/promises';
import { type Bus, CHECKPOINTS, openObjects } from '@nss/bus';
import {
  type SessionRequest,
  SessionResponse,
  Split,
  Trainer,
  TrainerServiceService,
  toArchitecture,
  toSearchSpace,
} from '@nss/contracts';
import { service, startServer } from '@nss/rpc';
import type { Logger, Tls } from '@nss/runtime';
import { type AnalyticCheckpoints, type AnalyticTrainer, analyticTrainer } from '@nss/search/testing';
import { type Leases, type OpenedLease, serveLeases } from '@nss/trainers';
import type { Pace } from './pace.ts';

export type AnalyticTrainerServer = {
  /** Every command of every session, as `<job-independent command>`. */
  readonly log: string[];
  /** Called before each command; a promise that does not settle holds the session there. */
  before: (command: NonNullable<SessionRequest['command']>) => Promise<void> | void;
  close(): Promise<void>;
};

/**
 * A trainer that takes leases and speaks the real protocol, but computes formulas in place of tensors: whole campaigns run in
 * seconds, and end the same whatever happens on the way. Weights are stored in the mesh's checkpoint store.
 */
export function startAnalyticTrainer(
  bus: Bus,
  trainerId: string,
  logger: Logger,
  listen?: string,
  tls?: Tls,
): Promise<AnalyticTrainerServer> {
  return startAnalyticTrainers([{ bus, trainerId }], logger, { listen, tls });
}

export type AnalyticTrainersOptions = {
  readonly listen?: string;
  /** How long the commands of a session take; no time unless told. */
  readonly pace?: Pace;
  readonly tls?: Tls;
};

/** Several of them behind one server, each with leases of its own. */
export async function startAnalyticTrainers(
  trainers: readonly { readonly bus: Bus; readonly trainerId: string }[],
  logger: Logger,
  { listen = '127.0.0.1:0', pace = () => () => 0, tls }: AnalyticTrainersOptions,
): Promise<AnalyticTrainerServer> {
  const stop = new AbortController();
  const checkpoints = await openCheckpoints(trainers[0].bus);
  const trainer: AnalyticTrainerServer = {
    log: [],
    before: () => {},
    async close() {
      stop.abort();
      await server.close(0);
      await Promise.all(serving.map(({ leases }) => leases.done));
    },
  };
  const server = await startServer({
    listen,
    tls,
    services: [
      service(
        TrainerServiceService,
        {
          session: (requests) => session({ trainer, serving, checkpoints, pace }, requests),
          async getTrainer() {
            const [{ trainerId, leases }] = serving;
            return Trainer.create({ trainerId, engine: 'formulas', threads: 1, leaseId: leases.leaseId() });
          },
        },
        { callers: 'services' },
      ),
    ],
    logger,
  });
  const { address } = server;
  const serving = trainers.map(({ bus, trainerId }) => ({
    trainerId,
    leases: serveLeases({ bus, trainerId, address, signal: stop.signal, logger }),
  }));
  return trainer;
}

/** Weights, as trainers share them. */
async function openCheckpoints(bus: Bus): Promise<AnalyticCheckpoints> {
  const objects = await openObjects(bus, CHECKPOINTS);
  return {
    async get(id) {
      const bytes = await objects.get(id);
      return bytes && JSON.parse(new TextDecoder().decode(bytes));
    },
    set: (id, stored) => objects.put(id, new TextEncoder().encode(JSON.stringify(stored))),
  };
}

/** What sessions work with. */
type Host = {
  readonly trainer: AnalyticTrainerServer;
  readonly serving: readonly { readonly trainerId: string; readonly leases: Leases }[];
  readonly checkpoints: AnalyticCheckpoints;
  readonly pace: Pace;
};

async function* session(
  { trainer, serving, checkpoints, pace }: Host,
  requests: AsyncIterable<SessionRequest>,
): AsyncGenerator<SessionResponse> {
  let network: AnalyticTrainer | undefined;
  let lease: OpenedLease | undefined;
  let secondsOf: ReturnType<Pace> = () => 0;
  try {
    for await (const { command } of requests) {
      if (!command) throw new Error('a session request without a command');
      await trainer.before(command);
      trainer.log.push(command.$case);
      if (command.$case === 'open') {
        const { leaseId } = command.value;
        // Of a lease that none of them holds, the first one says so.
        const { leases, trainerId } = serving.find(({ leases }) => leases.leaseId() === leaseId) ?? serving[0];
        lease = leases.opened(leaseId);
        const space = toSearchSpace(command.value.searchSpace, 'open.search_space', []);
        if (!space) throw new Error('the session was opened with a wrong search space');
        network = analyticTrainer(space, checkpoints);
        secondsOf = pace(command.value);
        const value = Trainer.create({ trainerId, engine: 'formulas', threads: 1, leaseId });
        yield SessionResponse.create({ reply: { $case: 'open', value }, busySeconds: 0 });
      } else if (network) {
        const busySeconds = secondsOf(command);
        if (busySeconds > 0) await delay(1_000 * busySeconds);
        yield SessionResponse.create({ reply: await answer(network, command), busySeconds });
      }
    }
  } finally {
    lease?.giveBack();
  }
}

async function answer(
  network: AnalyticTrainer,
  command: NonNullable<SessionRequest['command']>,
): Promise<SessionResponse['reply']> {
  const toDomain = (message: Parameters<typeof toArchitecture>[0]) => {
    const architecture = toArchitecture(message, 'architecture', []);
    if (!architecture) throw new Error('a command with a wrong architecture');
    return architecture;
  };
  switch (command.$case) {
    case 'weightSteps': {
      const { split, steps } = command.value;
      const losses = await network.weightSteps(
        split === Split.ALL ? 'all' : 'weights',
        steps.map((step) => ({ ...step, architecture: toDomain(step.architecture) })),
      );
      return { $case: 'weightSteps', value: { losses: [...losses] } };
    }
    case 'thetaStep': {
      const { loss, gradients } = await network.thetaStep(command.value.iteration, command.value.stages);
      const value = {
        loss,
        gradients: gradients.map(({ depthWeights, widthWeights }) => ({
          depthWeights: [...depthWeights],
          widthWeights: [...widthWeights],
        })),
      };
      return { $case: 'thetaStep', value };
    }
    case 'taskLosses': {
      const { iteration, architectures } = command.value;
      const losses = await network.taskLosses(iteration, architectures.map(toDomain));
      return { $case: 'taskLosses', value: { losses: [...losses] } };
    }
    case 'evaluate': {
      const { architectures, calibrationImages } = command.value;
      const { errorsPercent, losses } = await network.evaluate(architectures.map(toDomain), calibrationImages);
      return { $case: 'evaluate', value: { errorsPercent: [...errorsPercent], losses: [...losses] } };
    }
    case 'export': {
      const { artifact, architecture, calibrationImages } = command.value;
      await network.exportNetwork(artifact, toDomain(architecture), calibrationImages);
      return { $case: 'export', value: { digest: '', bytes: 0 } };
    }
    case 'save':
      return { $case: 'save', value: await network.save(command.value.checkpointId) };
    case 'load': {
      if (!command.value.checkpoint) throw new Error('load without a checkpoint');
      await network.load(command.value.checkpoint);
      return { $case: 'load', value: {} };
    }
    case 'average': {
      const shares = command.value.shares.flatMap(({ checkpoint, samples }) =>
        checkpoint ? [{ checkpoint, samples }] : [],
      );
      await network.average(shares);
      return { $case: 'average', value: {} };
    }
    default:
      throw new Error(`a second ${command.$case} in a session`);
  }
}
