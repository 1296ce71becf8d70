import type { DatasetName } from '@nss/contracts';
import type { CsvField } from '@nss/report';
import type { TopLevelSpec } from 'vega-lite';
import type { Context } from './context.ts';
import type { Finding } from './finding.ts';
import type { JobNode } from './job-node.ts';
import type { Outcomes } from './outcomes.ts';
import type { Scale } from './scale.ts';

/** A table or figure of the paper, or a question of our own: which jobs it takes, and what their results show. */
export type Experiment = {
  readonly name: string;
  /** The data set that it is about unless another one is asked for. */
  readonly dataset: DatasetName;
  /** Targets in multiply-adds unless others are asked for. */
  targets(scale: Scale): readonly number[];
  /** Whether it is about one target: several are refused. */
  readonly singleTarget?: true;
  /** The jobs whose results `analyse` reads. */
  jobs(context: Context): JobNode[];
  /** What the results show; some may be missing. Follows from the results alone. */
  analyse(context: Context, outcomes: Outcomes): Analysis;
};

export type Analysis = {
  readonly title: string;
  /** Every result, a row each. */
  readonly table: Table;
  /** A few rows for people. */
  readonly summary?: Table;
  readonly figure: TopLevelSpec;
  readonly findings: readonly Finding[];
  /** What the reader must know beside the findings. */
  readonly notes: readonly string[];
};

/** Costs in multiply-adds, errors in percent of images. */
export type Table = { readonly header: readonly string[]; readonly rows: readonly (readonly CsvField[])[] };

/** A note for experiments of which this software has no numbers of the paper to put beside its own. */
export const notQuoted = "The paper's own numbers are not quoted here.";
