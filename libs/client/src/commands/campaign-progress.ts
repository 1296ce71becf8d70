import { type Campaign, JobState } from '@nss/contracts';
import type { NssClient } from '../client.ts';
import { type FollowOptions, followCampaign } from '../follow.ts';
import { liveBlock } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { describeSpec, idOf, type PhaseRate, phaseLines, plainPhaseLine } from './campaign-view.ts';

/**
 * Follows a campaign to its end and shows how far it is: bars on a terminal, plain lines elsewhere. Gives the campaign as it
 * ended. Throws NssError, and AbortError when the signal is aborted.
 */
export async function showCampaign(
  client: NssClient,
  name: string,
  terminal: Terminal,
  options: FollowOptions = {},
): Promise<Campaign> {
  const show = terminal.interactive ? showBars(client, terminal, options.signal) : showLines(terminal);
  let last: Campaign | undefined;
  try {
    for await (const campaign of followCampaign(client, name, options)) {
      if (!last) terminal.note(`Campaign ${idOf(name)}: ${describeSpec(campaign)}`);
      last = campaign;
      show.update(campaign);
    }
  } finally {
    show.end();
  }
  if (!last) throw new Error(`the watch of ${name} ended without telling anything`);
  return last;
}

type Show = { update(campaign: Campaign): void; end(): void };

/** A line when the state of a phase changes, and one every tenth of its work. */
function showLines(terminal: Terminal): Show {
  const told = new Map<string, string>();
  return {
    update({ phases }) {
      for (const phase of phases) {
        if (phase.state === JobState.PENDING || phase.state === JobState.UNSPECIFIED) continue;
        const key = `${phase.state} ${phase.state === JobState.RUNNING ? Math.floor(phase.completed * 10) : ''}`;
        if (told.get(phase.phase) === key) continue;
        told.set(phase.phase, key);
        terminal.note(plainPhaseLine(phase));
      }
    },
    end() {},
  };
}

function showBars(client: NssClient, terminal: Terminal, signal?: AbortSignal): Show {
  const block = liveBlock(terminal);
  let current: Campaign | undefined;
  let rates: ReadonlyMap<string, PhaseRate> = new Map();
  const draw = () => current && block.show(phaseLines(current.phases, rates, terminal.noteStyle));
  const readRates = atMostEvery(2_000, async () => {
    if (!current) return;
    rates = await readPhaseRates(client, current, signal);
    draw();
  });
  return {
    update(campaign) {
      current = campaign;
      draw();
      readRates();
    },
    end() {
      draw();
      current = undefined;
      block.keep();
    },
  };
}

/** Runs an errand that may fail without harm, one at a time and at most once in so many milliseconds. */
function atMostEvery(intervalMs: number, errand: () => Promise<void>): () => void {
  let next = 0;
  return () => {
    const now = performance.now();
    if (now < next) return;
    next = Number.POSITIVE_INFINITY;
    void errand().finally(() => {
      next = performance.now() + intervalMs;
    });
  };
}

/** More running jobs than there are trainers tell nothing more about the rate. */
const maxJobsAsked = 16;

/** What the running jobs of each phase do together, by phase. Jobs that do not answer at once are left out. */
export async function readPhaseRates(
  client: Pick<NssClient, 'jobStatus'>,
  { phases }: Campaign,
  signal?: AbortSignal,
): Promise<Map<string, PhaseRate>> {
  const rates = new Map<string, PhaseRate>();
  for (const { phase, jobs, state } of phases) {
    if (state !== JobState.RUNNING) continue;
    const statuses = await Promise.all(
      jobs
        .slice(-maxJobsAsked)
        .map((job) => client.jobStatus(job, { signal, deadlineMs: 1_000, idempotent: false }).catch(() => undefined)),
    );
    const running = statuses.flatMap((status) =>
      status?.state === JobState.RUNNING && status.progress && status.progress.rate > 0 ? [status.progress] : [],
    );
    // Different units do not add up: the first one stands for the phase.
    const unit = running[0]?.unit;
    if (unit === undefined) continue;
    const perSecond = running.reduce((sum, progress) => sum + (progress.unit === unit ? progress.rate : 0), 0);
    rates.set(phase, { perSecond, unit });
  }
  return rates;
}
