import {
  fromArchitecture,
  type OpenSession,
  SessionRequest,
  type SessionResponse,
  Split,
  TrainerServiceService,
} from '@nss/contracts';
import { type BidiCall, connect } from '@nss/rpc';
import type { Tls } from '@nss/runtime';
import type { Trainer } from '@nss/search';
import { sessionError, TrainerLost } from './trainer-lost.ts';

/** Who works for a session. */
export type TrainerInfo = {
  readonly trainerId: string;
  /** For example `tensorflow 2.21.0, 1 thread`. */
  readonly engine: string;
  readonly threads: number;
};

/** An open session: the trainer port of the search, over one gRPC stream. Commands run in the order in which they are given. */
export type TrainerSession = Trainer & {
  readonly info: TrainerInfo;
  /** Seconds of tensor work behind all replies so far. */
  busySeconds(): number;
};

/** A session and how it ends. */
export type OpenedSession = {
  readonly session: TrainerSession;
  /** Ends the session; the trainer is free when this resolves. Never rejects. */
  close(): Promise<void>;
};

/** How long a trainer may take to leave a session that has ended, before the stream is cut. */
const CLOSE_WITHIN_MS = 10_000;

type Command = NonNullable<SessionRequest['command']>;
type Reply = NonNullable<SessionResponse['reply']>;
type ReplyTo<Case extends Command['$case']> = Extract<Reply, { $case: Case }>['value'];

/** Sends one command and gives its reply. */
type Ask = <Case extends Command['$case']>(
  $case: Case,
  value: Extract<Command, { $case: Case }>['value'],
) => Promise<ReplyTo<Case>>;

/**
 * Opens a session with the trainer at `address`, which builds a super network with fresh weights. Throws TrainerLost when it cannot be
 * reached or vanishes, an NssError of the trainer's when it refuses, and the signal's reason when aborted.
 */
export async function openSession(
  address: string,
  open: OpenSession,
  { signal, tls }: { signal?: AbortSignal; tls?: Tls } = {},
): Promise<OpenedSession> {
  const trainer = `the trainer at ${address}`;
  // Trainers come and go at addresses that no certificate names.
  const client = connect(TrainerServiceService, address, { tls, serverName: 'supernet-trainer' });
  const call = client.session({ signal });
  let busySeconds = 0;

  const ask: Ask = async ($case, value) => {
    try {
      const request = SessionRequest.create({ command: { $case, value } as Command });
      // Both at once: replies come in the order of the commands, of which several may be on their way.
      const [, { value: response, done }] = await Promise.all([call.send(request), call.responses.next()]);
      if (done) throw new TrainerLost(`${trainer} ended the session without a reply to ${$case}`, undefined);
      const { reply } = response;
      if (reply?.$case !== $case) throw new Error(`${trainer} answered ${$case} with ${reply?.$case}`);
      busySeconds += response.busySeconds;
      return reply.value as ReplyTo<typeof $case>;
    } catch (error) {
      signal?.throwIfAborted();
      throw sessionError(trainer, error);
    }
  };

  const close = async () => {
    await closeCall(call);
    client.close();
  };

  try {
    const { trainerId, engine, threads } = await ask('open', open);
    return { session: sessionOf(ask, { trainerId, engine, threads }, () => busySeconds), close };
  } catch (error) {
    call.cancel();
    client.close();
    throw error;
  }
}

function sessionOf(ask: Ask, info: TrainerInfo, busySeconds: () => number): TrainerSession {
  return {
    info,
    busySeconds,
    async weightSteps(split, steps) {
      const { losses } = await ask('weightSteps', {
        split: split === 'all' ? Split.ALL : Split.WEIGHTS,
        steps: steps.map(({ iteration, architecture, learningRate }) => ({
          iteration,
          architecture: fromArchitecture(architecture),
          learningRate,
        })),
      });
      return losses;
    },
    thetaStep(iteration, mixture) {
      const stages = mixture.map(({ depths, depthWeights, widths, widthWeights }) => ({
        depths: [...depths],
        depthWeights: [...depthWeights],
        widths: [...widths],
        widthWeights: [...widthWeights],
      }));
      return ask('thetaStep', { iteration, stages });
    },
    async taskLosses(iteration, architectures) {
      return (await ask('taskLosses', { iteration, architectures: architectures.map(fromArchitecture) })).losses;
    },
    evaluate(architectures, calibrationImages) {
      return ask('evaluate', { architectures: architectures.map(fromArchitecture), calibrationImages });
    },
    async exportNetwork(artifact, architecture, calibrationImages) {
      await ask('export', { artifact, architecture: fromArchitecture(architecture), calibrationImages });
    },
    save(checkpointId) {
      return ask('save', { checkpointId });
    },
    async load(checkpoint) {
      await ask('load', { checkpoint });
    },
    async average(shares) {
      await ask('average', { shares: [...shares] });
    },
  };
}

/** Says that no command follows and waits until the trainer has left, or cuts the stream. */
async function closeCall(call: BidiCall<SessionRequest, SessionResponse>): Promise<void> {
  const cut = setTimeout(call.cancel, CLOSE_WITHIN_MS);
  try {
    call.end();
    while (!(await call.responses.next()).done);
  } catch {
    // A session that broke is closed as well.
  } finally {
    clearTimeout(cut);
    call.cancel();
  }
}
