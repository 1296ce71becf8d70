import { type CampaignJob, campaignJobs, type Overheads } from './campaign-jobs.ts';
import { paperSpaceCampaign, resolved } from './campaigns.ts';
import { plainDevice } from './device.ts';
import { type MeshRun, runOnMesh } from './mesh-run.ts';

/** What the mesh itself takes, found by running a campaign with one trainer that answers at once. */
export type MeasuredOverheads = Pick<Overheads, 'handoverSeconds' | 'commandSeconds'> & {
  /** Processor time of all services but the trainer, a command. */
  readonly serviceCpuSeconds: number;
  /** Processor time of the NATS server, a command. */
  readonly natsCpuSeconds: number;
};

/**
 * A job's commands come one after the other in its session, so what sessions take is shared by them; the rest of the time went by between
 * sessions. Processor time counts all that services did, so jobs and reports too: an upper bound where commands are few.
 */
export function overheadsOf(
  { makespan, jobs, cpuSeconds }: MeshRun,
  planned: readonly CampaignJob[],
): MeasuredOverheads {
  const commands = planned.reduce((sum, each) => sum + each.commands, 0);
  const inSessions = jobs.reduce((sum, { trainerSeconds }) => sum + trainerSeconds, 0);
  const cpuOf = (wanted: (name: string) => boolean) =>
    [...cpuSeconds].reduce((sum, [name, seconds]) => sum + (wanted(name) ? seconds : 0), 0);
  return {
    handoverSeconds: (makespan - inSessions) / jobs.length,
    commandSeconds: inSessions / commands,
    serviceCpuSeconds: cpuOf((name) => !name.startsWith('nats') && !name.startsWith('supernet-trainer')) / commands,
    natsCpuSeconds: cpuOf((name) => name.startsWith('nats')) / commands,
  };
}

/** No time but that of the device. */
export const noOverheads: Overheads = {
  handoverSeconds: 0,
  commandSeconds: 0,
  checkpointEverySeconds: Number.POSITIVE_INFINITY,
};

/** Measures them with the paper's search space. */
export async function measureOverheads(): Promise<MeasuredOverheads> {
  const spec = paperSpaceCampaign();
  const run = await runOnMesh({ campaignId: 'overheads', spec, trainers: 1 });
  return overheadsOf(run, campaignJobs('overheads', resolved(spec), plainDevice(1), noOverheads));
}
