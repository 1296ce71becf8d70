type Environment = Readonly<Record<string, string | undefined>>;

/**
 * glibc's allocator for processes that train: activations of many megabytes come and go with every step, and with the
 * default settings each is mapped, faulted in page by page and unmapped.
 */
const trainingAllocator = {
  MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 30),
  MALLOC_TRIM_THRESHOLD_: String(16 * 2 ** 30),
  MALLOC_TOP_PAD_: String(64 * 2 ** 20),
};

/** The environment of a service that trains nothing. With the training allocator it would never give memory back. */
export function serviceEnvironment(base: Environment, settings: Environment): Environment {
  const inherited = Object.entries(base).filter(([name]) => !(name in trainingAllocator));
  return { ...Object.fromEntries(inherited), ...settings };
}

/** The environment of a trainer whose tensor operations use `threads` threads each. */
export function trainerEnvironment(base: Environment, settings: Environment, threads: number): Environment {
  return {
    ...base,
    ...trainingAllocator,
    TF_CPP_MIN_LOG_LEVEL: base.TF_CPP_MIN_LOG_LEVEL ?? '2',
    // TensorFlow and oneDNN read these when the process starts.
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
    OMP_NUM_THREADS: String(threads),
    NSS_TRAINER_THREADS: String(threads),
    ...settings,
  };
}
