import type { JobStatus } from '@nss/contracts';
import { estimator, type JobNode, type Plan, type RunEvents, trainerSecondsOf } from '@nss/experiments';
import { formatDuration, formatRate } from '../terminal/format.ts';
import { bar, liveBlock } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Work } from './reproduce-work.ts';

type Running = { readonly node: JobNode; readonly since: number; status?: JobStatus };

/** Shows jobs that run: bars on a terminal, a line a job elsewhere. What has ended makes the estimate of the rest better. */
export function showJobs(
  plan: Plan,
  costs: Work['costs'],
  trainers: number,
  terminal: Terminal,
): Required<RunEvents> & { end(): void } {
  const block = liveBlock(terminal);
  const taken = [...costs];
  const left = new Map(plan.toRun.map((node) => [node.key, node]));
  const running = new Map<string, Running>();
  const total = plan.toRun.length;
  let ended = 0;
  if (plan.stored.length > 0) terminal.note(`${plan.stored.length} results are stored already.`);

  const eta = () => {
    const secondsOf = estimator(taken);
    const seconds = left.values().reduce((sum, node) => {
      const { completed = 0, total: all = 0 } = running.get(node.key)?.status?.progress ?? {};
      return sum + secondsOf(node) * (1 - (all > 0 ? completed / all : 0));
    }, 0);
    return formatDuration(seconds / trainers);
  };
  const head = () => `${ended}/${total} jobs  ${bar(ended / total)}  ETA ${eta()}`;
  const draw = () => {
    if (total === 0) return;
    block.show([head(), ...running.values().map((job) => `  ${lineOf(job, terminal)}`)]);
  };
  return {
    started(node) {
      running.set(node.key, { node, since: performance.now() });
      draw();
    },
    changed(node, status) {
      const job = running.get(node.key);
      if (job) job.status = status;
      draw();
    },
    ended(node, outcome) {
      const since = running.get(node.key)?.since;
      running.delete(node.key);
      left.delete(node.key);
      ended++;
      const failed = 'missing' in outcome;
      if (!failed) {
        taken.push({ kind: node.kind, work: node.work, trainerSeconds: trainerSecondsOf(outcome.resource) });
      }
      const took = since === undefined ? '' : ` after ${formatDuration((performance.now() - since) / 1000)}`;
      const what = failed ? terminal.noteStyle('red', `missing: ${outcome.missing}`) : `done${took}`;
      block.clear();
      terminal.note(`${node.title}: ${what}${terminal.interactive ? '' : `  (${ended}/${total} jobs, ETA ${eta()})`}`);
      draw();
    },
    end() {
      block.clear();
    },
  };
}

function lineOf({ node, status }: Running, terminal: Terminal): string {
  const { activity = '', completed = 0, total = 0, rate = 0, unit = '' } = status?.progress ?? {};
  if (total === 0) return terminal.noteStyle('dim', `${node.title}  ${activity || 'waiting for a trainer'}`);
  const speed = rate > 0 ? `  ${formatRate(rate, unit)}` : '';
  return `${node.title}  ${activity}  ${Math.floor((100 * completed) / total)} %${terminal.noteStyle('dim', speed)}`;
}
