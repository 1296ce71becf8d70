import { parentPort, workerData } from 'node:worker_threads';
import {
  assembleBatch,
  DatasetError,
  type Feed,
  type ImageSet,
  type Images,
  loadDataset,
  type Split,
  splitOf,
  startFeed,
} from '@nss/datasets';
import { writeTrainedNetwork } from '@nss/exports';
import {
  type Batch,
  type CheckpointSum,
  checkpointSum,
  evaluateArchitectures,
  extractNetwork,
  readCheckpoint,
  SuperNetwork,
  taskLosses,
  thetaStep,
  weightStep,
  writeCheckpoint,
} from '@nss/supernet';
import { BATCH_NORM_EPSILON, openEngine } from '@nss/tensor';
import type { CommandMessage, CommandName, Commands, SessionSettings, WorkerMessage } from './commands.ts';
import { checkFits } from './network-size.ts';

/*
 * The thread that computes. Tensor work blocks the event loop that it runs on, and health checks and heartbeats must not wait
 * for it, so the service's main thread only talks to this one.
 */

export type WorkerOptions = {
  readonly threads: number;
  readonly engine?: 'tensorflow' | 'wasm';
  readonly cacheDir: string;
  readonly datasetMirror?: string;
};

/** Images of one evaluation batch: large enough to fill the kernels, small enough for the caches. */
const EVALUATION_BATCH = 250;

type Session = {
  readonly settings: SessionSettings;
  readonly images: ImageSet;
  readonly network: SuperNetwork;
  feed?: Feed;
  calibration?: Batch;
  sum?: CheckpointSum;
};

const options = workerData as WorkerOptions;
const port = parentPort;
if (!port) throw new Error('tensor-worker.ts runs in a worker thread only');
const tell = (message: WorkerMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

const engine = await openEngine({ kind: options.engine, threads: options.threads });
const { kernels } = engine;
/** Seconds of the command under way in which batches were waited for, or made here because nobody could expect them. */
let feedingSeconds = 0;
let session: Session | undefined;
let lastImages: { key: string; images: ImageSet } | undefined;

const run: { [Name in CommandName]: (argument: Commands[Name][0]) => Promise<Commands[Name][1]> | Commands[Name][1] } =
  {
    async open(settings) {
      await closeSession();
      const images = await imagesOf(settings);
      const { height, width, channels, classes } = images;
      const input = { height, width, channels, classes };
      checkFits(settings.space, input);
      const network = new SuperNetwork(kernels, settings.space, input, settings.seed);
      session = { settings, images, network };
      return undefined;
    },

    weightSteps({ split, steps }) {
      const { settings, network } = opened();
      return steps.map(({ iteration, architecture, learningRate }) => {
        const training = { ...settings.weights, learningRate };
        const loss = weightStep(kernels, network, trainingBatch(split, iteration), architecture, training);
        tellAlive();
        return loss;
      });
    },

    thetaStep: ({ iteration, mixtures }) =>
      thetaStep(kernels, opened().network, trainingBatch('theta', iteration), mixtures),

    taskLosses: ({ iteration, architectures }) =>
      taskLosses(kernels, opened().network, trainingBatch('theta', iteration), architectures),

    evaluate({ architectures, calibrationImages }) {
      const { network } = opened();
      const calibration = calibrationBatch(calibrationImages);
      return evaluateArchitectures(kernels, network, architectures, calibration, heldOutBatches(), tellAlive);
    },

    export({ architecture, calibrationImages }) {
      const { network, images } = opened();
      const calibration = calibrationBatch(calibrationImages);
      const { block, stemWidth, stages } = network.space;
      const facts = {
        architecture,
        block,
        stemWidth,
        strides: stages.map(({ stride }) => stride),
        input: network.input,
        normalisation: { mean: images.mean, std: images.std },
        batchNormEpsilon: BATCH_NORM_EPSILON,
        calibrationImages: calibration.labels.length,
        classNames: images.classNames,
      };
      return [...writeTrainedNetwork(facts, extractNetwork(kernels, network, architecture, calibration))];
    },

    save: () => [...writeCheckpoint(kernels, opened().network)],

    async load(chunks) {
      await readCheckpoint(kernels, opened().network, asyncOf(chunks));
      return undefined;
    },

    async addToMean({ chunks, samples }) {
      const current = opened();
      current.sum ??= checkpointSum(current.network);
      await current.sum.add(asyncOf(chunks), samples);
      return undefined;
    },

    takeMean() {
      const current = opened();
      if (!current.sum) throw new Error('nothing was added to the mean');
      current.sum.assignMean(kernels);
      current.sum = undefined;
      return undefined;
    },

    async close() {
      await closeSession();
      return undefined;
    },
  };

// One command after the other, also where one has to wait.
let queue = Promise.resolve();
port.on('message', (message: CommandMessage) => {
  queue = queue.then(() => answer(message));
});
tell({ type: 'ready', engine: { description: engine.description, warning: engine.warning, threads: engine.threads } });

async function answer({ id, name, argument }: CommandMessage): Promise<void> {
  const start = performance.now();
  feedingSeconds = 0;
  try {
    const value = await run[name](argument as never);
    const transfer =
      name === 'save' || name === 'export' ? (value as Uint8Array<ArrayBuffer>[]).map(({ buffer }) => buffer) : [];
    const busySeconds = (performance.now() - start) / 1000;
    tell({ type: 'result', id, value, busySeconds, feedingSeconds }, transfer);
  } catch (error) {
    const { name: errorName, message, code } = error as Error & { code?: string };
    tell({ type: 'error', id, errorName, message, code });
  }
}

/** Between the parts of a command that may take long as a whole. */
function tellAlive(): void {
  tell({ type: 'alive' });
}

function opened(): Session {
  if (!session) throw new Error('no session is open');
  return session;
}

async function closeSession(): Promise<void> {
  const closing = session;
  session = undefined;
  closing?.network.close();
  await closing?.feed?.close();
}

/** The last data set stays loaded: the next session mostly wants it too. */
async function imagesOf({ dataset }: SessionSettings): Promise<ImageSet> {
  const key = JSON.stringify(dataset);
  if (lastImages?.key === key) return lastImages.images;
  let told = 0;
  const images = await loadDataset(dataset, {
    cacheDir: options.cacheDir,
    mirror: options.datasetMirror,
    onProgress: (progress) => {
      if (Date.now() - told < 5000) return;
      told = Date.now();
      tell({ type: 'log', message: 'fetching the data set', fields: { dataset: dataset.name, progress } });
    },
  });
  lastImages = { key, images };
  return images;
}

/** The batch of an iteration; the thread that makes those to come starts with the first one. */
function trainingBatch(split: Split, iteration: number): Batch {
  const start = performance.now();
  const current = opened();
  const { images, settings } = current;
  const { batchSize } = settings.weights;
  const { count } = splitOf(images, split);
  if (batchSize > count) {
    const message = `a batch of ${batchSize} images is more than the ${count} of the split "${split}"; use smaller batches or more images`;
    throw new DatasetError('too-few-images', message);
  }
  current.feed ??= startFeed({ ...images, ...settings.weights, seed: settings.seed }, (error) => {
    // A trainer that could only compute more slowly is not kept: the thread ends, with this as the reason.
    throw error;
  });
  const batch = current.feed.batch(split, iteration);
  feedingSeconds += (performance.now() - start) / 1000;
  return batch;
}

/** The first training images, as they are; kept for the whole session. */
function calibrationBatch(images: number): Batch {
  const current = opened();
  const { train } = current.images;
  if (current.calibration?.labels.length !== Math.min(images, train.count)) {
    current.calibration = plainBatch(train, 0, images);
  }
  return current.calibration as Batch;
}

/** All held-out images. They are made when their turn comes: as numbers they take four times the memory of bytes. */
function* heldOutBatches(): Generator<Batch> {
  const { test } = opened().images;
  for (let from = 0; from < test.count; from += EVALUATION_BATCH) yield plainBatch(test, from, EVALUATION_BATCH);
}

/** At most `size` images, as they are. */
function plainBatch(source: Images, from: number, size: number): Batch {
  const { mean, std } = opened().images;
  const count = Math.min(size, source.count - from);
  const indices = Uint32Array.from({ length: count }, (_, i) => from + i);
  return assembleBatch(source, indices, { mean, std });
}

async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
