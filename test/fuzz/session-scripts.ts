import { OpenSession, SessionRequest, Split } from '@nss/contracts';
import type { ImageFolder } from '@nss/datasets';
import fc from 'fast-check';
import type { Method } from './contracts.ts';
import { hostileRequest } from './hostile.ts';
import { mutatedRequest } from './mutated.ts';

/* What hostile holders of leases do: commands of every kind, each right, nearly right or hostile, in any order. */

/** The stored name of the job that asks for trainers. */
export const JOB = 'searches/fuzzed-sessions';
/** It has one before the first of these sessions. */
export const VALID_CHECKPOINT = `${JOB}/valid`;

/** One session. */
export type Script = {
  /** A command on a stream of its own, without the lease. */
  readonly before: Uint8Array | undefined;
  readonly open: Uint8Array;
  readonly commands: readonly Uint8Array[];
  /** Whether the stream is cut while its last command is worked on. */
  readonly cut: boolean;
};

/** Stands for the lease that is only known when the session begins. */
const LEASE = 'the-lease';
const STAGE = { stride: 1, depth: { min: 1, max: 2 }, width: { min: 1, max: 4 }, depthBinSize: 1, widthBinSize: 2 };
const ARCHITECTURE = { stages: [{ depth: 2, width: 3 }] };
const CHECKPOINT = { checkpointId: VALID_CHECKPOINT, digest: '', bytes: 0 };

export const STEP = { iteration: 0, architecture: ARCHITECTURE, learningRate: 0.1 };

/** A super network so small that it is there at once. */
export function openOf(leaseId: string, folder: ImageFolder): OpenSession {
  return OpenSession.create({
    leaseId,
    dataset: { name: 'folder', imageSize: 16, folder: { ...folder, classNames: [...folder.classNames] } },
    searchSpace: { stemWidth: 4, stages: [STAGE] },
    weights: {
      epochs: 1,
      batchSize: 4,
      sgd: { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4, gradientClip: 5 },
      augmentation: { padding: 2, flip: true },
    },
  });
}

export function scripts(session: Method, images: ImageFolder, texts: readonly string[]): fc.Arbitrary<Script> {
  const open = encoded({ $case: 'open', value: openOf(LEASE, images) });
  const all = [open, ...COMMANDS.map(encoded)];
  const known = [...texts, JOB, VALID_CHECKPOINT, `${JOB}/network.safetensors`];
  const nearly = (requests: readonly Uint8Array[]) =>
    mutatedRequest(session, { requests: new Map([[session.path, requests]]), texts: known }) ?? fc.constant(open);
  const command = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...all.slice(1)) },
    { weight: 4, arbitrary: nearly(all) },
    { weight: 1, arbitrary: hostileRequest(session) },
  );
  return fc.record({
    before: fc.option(command, { nil: undefined, freq: 4 }),
    open: fc.oneof(
      { weight: 6, arbitrary: fc.constant(open) },
      { weight: 3, arbitrary: nearly([open]) },
      { weight: 1, arbitrary: hostileRequest(session) },
    ),
    commands: fc.array(command, { maxLength: 5 }),
    cut: fc.boolean(),
  });
}

/** Openings that are too much or too little in one way, as somebody might mean them. */
const EDGES: readonly ((open: OpenSession) => void)[] = [
  ({ weights }) => Object.assign(weights ?? {}, { batchSize: 16 }),
  ({ weights }) => Object.assign(weights ?? {}, { batchSize: 2 ** 31 - 1 }),
  ({ weights }) => Object.assign(weights?.augmentation ?? {}, { padding: 2 ** 31 - 1 }),
  ({ weights }) => Object.assign(weights?.augmentation ?? {}, { padding: -1 }),
  ({ weights }) => Object.assign(weights?.sgd ?? {}, { momentum: Number.NaN, gradientClip: -1 }),
  ({ dataset }) => dataset?.folder?.classNames.pop(),
  ({ dataset }) => Object.assign(dataset ?? {}, { trainImages: 3 }),
  ({ dataset }) => Object.assign(dataset ?? {}, { imageSize: 224 }),
  (open) => Object.assign(open, { seed: -1 }),
  ({ searchSpace }) => {
    const huge = { ...STAGE, depth: { min: 1, max: 64 }, width: { min: 1, max: 4096 } };
    Object.assign(searchSpace ?? {}, { stages: Array.from({ length: 8 }, () => huge) });
  },
];

/** A session for each of them, with commands of every kind. */
export function edgeScripts(images: ImageFolder): Script[] {
  return EDGES.map((change) => {
    const value = openOf(LEASE, images);
    change(value);
    return {
      before: undefined,
      open: encoded({ $case: 'open', value }),
      commands: COMMANDS.map(encoded),
      cut: false,
    };
  });
}

/** A request as the holder of a lease sends it. */
export function withLease(session: Method, request: Uint8Array, leaseId: string): Uint8Array {
  try {
    const message = session.decode(request) as { open?: { lease_id?: string } };
    if (message.open?.lease_id !== LEASE) return request;
    message.open.lease_id = leaseId;
    return session.encode(message);
  } catch {
    // No request at all.
    return request;
  }
}

type Command = NonNullable<SessionRequest['command']>;

export function encoded(command: Command): Uint8Array {
  return SessionRequest.encode(SessionRequest.create({ command })).finish();
}

/** One of every kind but open, each of which a trainer does. */
const COMMANDS: readonly Command[] = [
  { $case: 'weightSteps', value: { split: Split.WEIGHTS, steps: [STEP, { ...STEP, iteration: 1 }] } },
  {
    $case: 'thetaStep',
    value: {
      iteration: 1,
      stages: [{ depths: [1, 2], depthWeights: [0.25, 0.75], widths: [2, 4], widthWeights: [0.5, 0.5] }],
    },
  },
  { $case: 'taskLosses', value: { iteration: 1, architectures: [ARCHITECTURE] } },
  { $case: 'evaluate', value: { architectures: [ARCHITECTURE], calibrationImages: 4 } },
  { $case: 'save', value: { checkpointId: VALID_CHECKPOINT } },
  { $case: 'load', value: { checkpoint: CHECKPOINT } },
  {
    $case: 'export',
    value: { artifact: `${JOB}/network.safetensors`, architecture: ARCHITECTURE, calibrationImages: 4 },
  },
  { $case: 'average', value: { shares: [{ checkpoint: CHECKPOINT, samples: 4 }] } },
];
