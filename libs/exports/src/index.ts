export type { ExportedSpace } from './exported-space.ts';
export { type SpaceFile, spaceFileSchema } from './space-file.ts';
export { exportSpace, type SpaceFormat, spaceFormatNames } from './space-formats.ts';
