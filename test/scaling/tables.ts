import { scales } from '@nss/experiments';
import { type CampaignJob, campaignJobs, type Overheads } from './campaign-jobs.ts';
import { paperCampaigns, resolved } from './campaigns.ts';
import { type Device, scaledDevice } from './device.ts';
import { needsOf } from './needs.ts';
import type { MeasuredOverheads } from './overheads.ts';
import { criticalPath, makespanOf, type Scheduled, simulate, trainerSecondsOf } from './simulate.ts';

/** The paper's campaign on so many trainers. */
export type Point = { readonly trainers: number; readonly schedule: readonly Scheduled<CampaignJob>[] };

/** Services take as many jobs at once as there are trainers: what NSS_CONCURRENCY and replicas must come to. */
const UNLIMITED = Number.POSITIVE_INFINITY;
/** A replica with the default NSS_CONCURRENCY. */
const DEFAULT_AT_ONCE = 16;

/** The jobs of the paper's campaign; trainers serve targets in the order of `targets`, smallest first unless told. */
export function paperJobs(
  device: Device,
  measured: MeasuredOverheads,
  checkpointEverySeconds: number,
  targets?: readonly number[],
): CampaignJob[] {
  const overheads: Overheads = { ...measured, checkpointEverySeconds };
  return paperCampaigns(targets).flatMap((spec) => campaignJobs(spec.dataset, resolved(spec), device, overheads));
}

export const pointsOf = (jobs: readonly CampaignJob[], sizes: readonly number[], jobsAtOnce = UNLIMITED): Point[] =>
  sizes.map((trainers) => ({ trainers, schedule: simulate(jobs, { trainers, jobsAtOnce }) }));

const hoursOf = ({ schedule }: Point) => makespanOf(schedule) / 3600;

export function overheadsText(measured: MeasuredOverheads): string {
  const { handoverSeconds, commandSeconds, serviceCpuSeconds, natsCpuSeconds } = measured;
  const ms = (seconds: number) => `${(1000 * seconds).toFixed(1)} ms`;
  return [
    `Measured with the paper's search space and a trainer that answers at once: ${ms(handoverSeconds)} from one job's session to the next,`,
    `${ms(commandSeconds)} a command, of processor time ${ms(serviceCpuSeconds)} in services and ${ms(natsCpuSeconds)} in NATS.`,
  ].join('\n');
}

/** Makespan and use at each size, and what one replica of each service with default settings would leave of it. */
export function sizesTable(points: readonly Point[], jobs: readonly CampaignJob[]): string {
  const total = trainerSecondsOf(jobs);
  const oneReplica = pointsOf(
    jobs,
    points.map(({ trainers }) => trainers),
    DEFAULT_AT_ONCE,
  );
  return table(
    [
      'trainers',
      'makespan (h)',
      'speed-up',
      'trainer use',
      'trainer hours',
      `makespan, ${DEFAULT_AT_ONCE} jobs of a kind at once (h)`,
    ],
    points.map((point, i) => {
      const hours = hoursOf(point);
      const use = total / (3600 * hours * point.trainers);
      return [
        point.trainers,
        hours.toFixed(1),
        (total / 3600 / hours).toFixed(1),
        `${(100 * use).toFixed(0)} %`,
        (total / 3600).toFixed(0),
        hoursOf(oneReplica[i]).toFixed(1),
      ];
    }),
  );
}

/** What the parts of the mesh need at each size, at the busiest moment. */
export function needsTable(
  points: readonly Point[],
  checkpointEverySeconds: number,
  measured: MeasuredOverheads,
): string {
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  return table(
    [
      'trainers',
      'working',
      'leases waiting',
      'commands/s',
      'cores for services',
      'cores for NATS',
      'checkpoints (GB/s)',
      'stored (GB)',
    ],
    points.map(({ trainers, schedule }) => {
      const needs = needsOf(schedule, checkpointEverySeconds, measured);
      return [
        trainers,
        needs.working,
        needs.waiting,
        needs.commandsPerSecond.toFixed(1),
        needs.serviceCores.toFixed(2),
        needs.natsCores.toFixed(2),
        gigabytes(needs.checkpointBytesPerSecond),
        gigabytes(needs.storedBytes),
      ];
    }),
  );
}

/** The jobs that no number of trainers makes shorter. */
export function chainText(jobs: readonly CampaignJob[]): string {
  const chain = criticalPath(jobs);
  const hours = (seconds: number) => `${(seconds / 3600).toFixed(1)} h`;
  const parts = chain.map(({ id, seconds }) => `${id} ${hours(seconds)}`);
  return `Longest chain: ${parts.join(', then ')}; together ${hours(trainerSecondsOf(chain))}.\n`;
}

/** Makespan in hours at each size when what is assumed of the device is wrong, and when targets come in another order. */
export function sensitivityTable(
  device: Device,
  measured: MeasuredOverheads,
  checkpointEverySeconds: number,
  sizes: readonly number[],
): string {
  const cases: readonly [string, Device, (readonly number[])?][] = [
    ['as assumed', device],
    ['half the rate', scaledDevice(device, { rate: 0.5 })],
    ['twice the rate', scaledDevice(device, { rate: 2 })],
    ['a convolution takes no time of its own', scaledDevice(device, { convolution: 0 })],
    ['a convolution takes three times as long at least', scaledDevice(device, { convolution: 3 })],
    ['the largest targets come first', device, scales.paper.regimes.toReversed()],
  ];
  return table(
    ['makespan (h)', ...sizes],
    cases.map(([what, each, targets]) => {
      const points = pointsOf(paperJobs(each, measured, checkpointEverySeconds, targets), sizes);
      return [what, ...points.map((point) => hoursOf(point).toFixed(1))];
    }),
  );
}

function table(header: readonly (string | number)[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line), ''].join('\n');
}
