import { campaignJobs, type Overheads } from './campaign-jobs.ts';
import { resolved, smallCampaign } from './campaigns.ts';
import { plainDevice } from './device.ts';
import { runOnMesh } from './mesh-run.ts';
import { noOverheads, overheadsOf } from './overheads.ts';
import { makespanOf, simulate } from './simulate.ts';

/** The same campaign on real services and in the model. */
export type Validation = { readonly trainers: number; readonly measured: number; readonly modelled: number };

/** Trainer time of the campaign in seconds: enough to stand out from what the mesh itself takes. */
const TRAINER_SECONDS = 240;
const ID = 'scaling';

/** Runs a small campaign on real services with so many trainers that pass for a device, and asks the model for the same. */
export async function validate(trainers: readonly number[], onRun: (validation: Validation) => void): Promise<void> {
  const spec = smallCampaign();
  const jobsOf = (multiplyAddsPerSecond: number, overheads: Overheads) =>
    campaignJobs(ID, resolved(spec), plainDevice(multiplyAddsPerSecond), overheads);
  const work = jobsOf(1, noOverheads).reduce((sum, { seconds }) => sum + seconds, 0);
  const multiplyAddsPerSecond = work / TRAINER_SECONDS;

  const calibration = await runOnMesh({ campaignId: ID, spec, trainers: 1 });
  const overheads = { ...noOverheads, ...overheadsOf(calibration, jobsOf(1, noOverheads)) };
  for (const count of trainers) {
    const { makespan } = await runOnMesh({ campaignId: ID, spec, trainers: count, multiplyAddsPerSecond });
    const modelled = simulate(jobsOf(multiplyAddsPerSecond, overheads), { trainers: count, jobsAtOnce: 100 });
    onRun({ trainers: count, measured: makespan, modelled: makespanOf(modelled) });
  }
}
