import {
  Evaluation,
  EvaluationSpec,
  NasRun,
  NasRunSpec,
  Search,
  SearchSpec,
  SuperNetwork,
  SuperNetworkSpec,
  Training,
  TrainingSpec,
  Warmup,
  WarmupSpec,
} from '@nss/contracts';

/** The kinds of jobs that work for others: all but campaigns. */
export const jobKinds = ['warmup', 'search', 'superNetwork', 'evaluation', 'nas', 'training'] as const;
export type JobKind = (typeof jobKinds)[number];

/** Spec and resource of each kind. */
export type Specs = {
  warmup: WarmupSpec;
  search: SearchSpec;
  superNetwork: SuperNetworkSpec;
  evaluation: EvaluationSpec;
  nas: NasRunSpec;
  training: TrainingSpec;
};
export type Resources = {
  warmup: Warmup;
  search: Search;
  superNetwork: SuperNetwork;
  evaluation: Evaluation;
  nas: NasRun;
  training: Training;
};

/** How messages are written as JSON (ProtoJSON) and read. */
type JsonForm<Message> = { toJSON(message: Message): unknown; fromJSON(json: unknown): Message };

export const specTypes: { readonly [Kind in JobKind]: JsonForm<Specs[Kind]> } = {
  warmup: WarmupSpec,
  search: SearchSpec,
  superNetwork: SuperNetworkSpec,
  evaluation: EvaluationSpec,
  nas: NasRunSpec,
  training: TrainingSpec,
};

export const resourceTypes: { readonly [Kind in JobKind]: JsonForm<Resources[Kind]> } = {
  warmup: Warmup,
  search: Search,
  superNetwork: SuperNetwork,
  evaluation: Evaluation,
  nas: NasRun,
  training: Training,
};
