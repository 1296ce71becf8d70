import { Phase } from '@nss/contracts';

/** The phases of a campaign as files and people name them, in the order they run. */
export const phaseNames = ['warmup', 'search', 'evaluation', 'nas', 'training', 'report'] as const;
export type PhaseName = (typeof phaseNames)[number];

const phases: Record<PhaseName, Phase> = {
  warmup: Phase.WARMUP,
  search: Phase.SEARCH,
  evaluation: Phase.EVALUATION,
  nas: Phase.NAS,
  training: Phase.TRAINING,
  report: Phase.REPORT,
};

/** What each phase works on the results of. A search without a warmup phase does its own. */
export const phaseNeeds: Record<PhaseName, readonly PhaseName[]> = {
  warmup: [],
  search: [],
  evaluation: ['search'],
  nas: ['search'],
  training: ['nas'],
  report: ['search'],
};

/** The contract's value for a phase's name. */
export function phaseOf(name: PhaseName): Phase {
  return phases[name];
}

/** A phase's name, undefined for values this version does not know. */
export function phaseName(phase: Phase): PhaseName | undefined {
  return phaseNames.find((name) => phases[name] === phase);
}
