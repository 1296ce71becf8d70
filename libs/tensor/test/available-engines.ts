import { type EngineKind, openEngine } from '../src/index.ts';

/** The engines that this machine can open. */
export const availableEngines: EngineKind[] = [];
for (const kind of ['tensorflow', 'wasm'] satisfies EngineKind[]) {
  try {
    await openEngine({ kind, threads: 1 });
    availableEngines.push(kind);
  } catch {
    // Not on this machine; the tests say so when they skip.
  }
}
