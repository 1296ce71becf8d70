import type { ExportedSpace } from './exported-space.ts';
import { toKatib } from './katib.ts';
import { toNni } from './nni.ts';
import { toOptuna } from './optuna.ts';
import { toRayTune } from './ray-tune.ts';
import { toSpaceFile } from './space-file.ts';

/** The forms that a space can leave in. */
export const spaceFormatNames = ['json', 'katib', 'optuna', 'ray', 'nni'] as const;
export type SpaceFormat = (typeof spaceFormatNames)[number];

/** A space as the text of one file. */
export function exportSpace(exported: ExportedSpace, format: SpaceFormat): string {
  return formats[format](exported);
}

const formats: Record<SpaceFormat, (exported: ExportedSpace) => string> = {
  json: toSpaceFile,
  katib: toKatib,
  optuna: toOptuna,
  ray: toRayTune,
  nni: toNni,
};
