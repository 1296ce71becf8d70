export {
  type AskedImageFolder,
  askedImageFolder,
  type CampaignFile,
  CampaignFileError,
  type CampaignFileFault,
  parseCampaignFile,
} from './campaign-file.ts';
export { parseMultiplyAdds } from './cost-target.ts';
export { type DatasetFacts, datasetFacts, datasetTitle, inputShapeOf } from './dataset-facts.ts';
export { jobSpecs, matchedLabel, searchSpaceLabel, trainingSeed } from './job-specs.ts';
export { type PhaseName, phaseName, phaseNames, phaseNeeds, phaseOf } from './phases.ts';
export { isPresetName, type PresetName, presetNames, presetOf } from './presets.ts';
export { type ResolvedCampaign, resolveSettings } from './resolve.ts';
export { type Preset, presetSchema, type ResolvedSettings, settingsSchema } from './schema.ts';
export { oneOf, suggest } from './wording.ts';
