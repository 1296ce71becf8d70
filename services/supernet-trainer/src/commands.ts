import type { DatasetSpec, Split } from '@nss/datasets';
import type { Architecture, MixtureGradient, SearchSpace, StageMixture } from '@nss/space';
import type { EvaluationResult } from '@nss/supernet';

/** How a session trains weights; see nss.v1.WeightTraining. */
export type WeightSettings = {
  readonly batchSize: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
  readonly augmentation: { readonly padding: number; readonly flip: boolean };
};

export type SessionSettings = {
  readonly dataset: DatasetSpec;
  readonly space: SearchSpace;
  readonly weights: WeightSettings;
  readonly seed: number;
};

export type WeightStepCommand = {
  readonly iteration: number;
  readonly architecture: Architecture;
  readonly learningRate: number;
};

/** What the service asks of the thread that computes: name -> argument and result. All of it crosses by structured clone. */
export type Commands = {
  /** A new network with fresh weights; the one before it is closed. */
  open: [argument: SessionSettings, result: undefined];
  weightSteps: [argument: { split: Split; steps: WeightStepCommand[] }, result: number[]];
  thetaStep: [
    argument: { iteration: number; mixtures: StageMixture[] },
    result: { loss: number; gradients: MixtureGradient[] },
  ];
  taskLosses: [argument: { iteration: number; architectures: Architecture[] }, result: number[]];
  evaluate: [argument: { architectures: Architecture[]; calibrationImages: number }, result: EvaluationResult[]];
  /** The bytes of a trained network's file, in chunks. */
  export: [argument: { architecture: Architecture; calibrationImages: number }, result: Uint8Array[]];
  /** The bytes of a checkpoint, in chunks. */
  save: [argument: undefined, result: Uint8Array[]];
  load: [argument: Uint8Array[], result: undefined];
  /** Adds a checkpoint, so many times, to those whose mean `takeMean` replaces the weights by. */
  addToMean: [argument: { chunks: Uint8Array[]; samples: number }, result: undefined];
  takeMean: [argument: undefined, result: undefined];
  close: [argument: undefined, result: undefined];
};

export type CommandName = keyof Commands;

export type CommandMessage = { readonly id: number; readonly name: CommandName; readonly argument: unknown };

export type EngineFacts = {
  readonly description: string;
  readonly warning?: string;
  readonly threads: number;
};

/** What comes back from the thread. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly engine: EngineFacts }
  /** `feedingSeconds`: those of the busy ones that went into getting batches. */
  | {
      readonly type: 'result';
      readonly id: number;
      readonly value: unknown;
      readonly busySeconds: number;
      readonly feedingSeconds: number;
    }
  /** `errorName` is the class of the error; classes do not survive the crossing. */
  | {
      readonly type: 'error';
      readonly id: number;
      readonly errorName: string;
      readonly code?: string;
      readonly message: string;
    }
  /** It works on a command and has come further. */
  | { readonly type: 'alive' }
  | { readonly type: 'log'; readonly message: string; readonly fields: Record<string, unknown> };
