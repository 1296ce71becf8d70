/**
 * What went wrong with a data set:
 * - `unknown-dataset`, `invalid-spec`: the request asks for what there is not; `too-few-images`: for more than there is;
 * - `missing`: a file is not where it should be; `truncated`: it ends too early; `corrupt`: it is not what it should be;
 * - `changed`: an image folder does not hold what it held;
 * - `unavailable`: no source of the data set could be reached.
 */
export type DatasetErrorCode =
  | 'unknown-dataset'
  | 'invalid-spec'
  | 'too-few-images'
  | 'missing'
  | 'truncated'
  | 'corrupt'
  | 'changed'
  | 'unavailable';

/** One thing that was asked for and cannot be given, with the field of the spec that asked for it. */
export type SpecViolation = { field: string; message: string };

type Details = {
  /** The file in question: its name in the data set, a path or a URL. */
  file?: string;
  expected?: string;
  found?: string;
  violations?: readonly SpecViolation[];
  cause?: unknown;
};

/** A data set that cannot be fetched or loaded. The message says what happened, to what, and what to do next. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code: DatasetErrorCode;
  readonly file?: string;
  readonly expected?: string;
  readonly found?: string;
  /** Every fault of a spec; empty unless the code is `unknown-dataset`, `invalid-spec` or `too-few-images`. */
  readonly violations: readonly SpecViolation[];

  constructor(code: DatasetErrorCode, message: string, details: Details = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.file = details.file;
    this.expected = details.expected;
    this.found = details.found;
    this.violations = details.violations ?? [];
  }
}

/** A count as people read it: `170,052,171`. */
export const formatCount = (count: number) => count.toLocaleString('en-US');
