import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type Preset, presetSchema } from './schema.ts';

/** The bundled presets, smallest first. */
export const presetNames = ['tiny', 'quickstart', 'small', 'paper'] as const;
export type PresetName = (typeof presetNames)[number];

export function isPresetName(name: string): name is PresetName {
  return (presetNames as readonly string[]).includes(name);
}

/**
 * A bundled preset, read from this package's `presets/` (its own assets; the only files this library reads). A preset is
 * data: no code asks which preset it runs.
 */
export function presetOf(name: PresetName): Preset {
  let preset = loaded.get(name);
  if (!preset) {
    const file = new URL(`../presets/${name}.yaml`, import.meta.url);
    preset = presetSchema.parse(parse(readFileSync(file, 'utf8')));
    loaded.set(name, preset);
  }
  return structuredClone(preset);
}

const loaded = new Map<PresetName, Preset>();
