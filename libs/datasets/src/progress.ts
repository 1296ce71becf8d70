/** How far the fetching of a data set is. */
export type DatasetProgress = {
  dataset: string;
  /** `fetch`: a file is downloaded or read, and its checksum computed; `unpack`: its records are written to the cache. */
  step: 'fetch' | 'unpack';
  file: string;
  /** Of the file, resumed ones included. */
  bytes: number;
  /** Undefined as long as it is unknown. */
  totalBytes?: number;
  /** Average since this step began, without resumed bytes. */
  bytesPerSecond: number;
};

/** Told about progress ten times a second and at the end of each step. */
export type OnProgress = (progress: DatasetProgress) => void;

const intervalMs = 100;

/** Reports bytes as they come; `bytes` starts at `resumedFrom`. */
export function progressMeter(
  onProgress: OnProgress | undefined,
  of: { dataset: string; step: DatasetProgress['step']; file: string; totalBytes?: number },
  resumedFrom = 0,
): (bytes: number) => void {
  if (!onProgress) return () => {};
  const start = performance.now();
  let last = -Infinity;
  return (bytes) => {
    const now = performance.now();
    if (now - last < intervalMs && bytes !== of.totalBytes) return;
    last = now;
    const seconds = (now - start) / 1000;
    onProgress({ ...of, bytes, bytesPerSecond: seconds > 0 ? (bytes - resumedFrom) / seconds : 0 });
  };
}
