import type { SessionRequest, SessionResponse } from '@nss/contracts';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { trainerMetrics } from './metrics.ts';

export type Command = NonNullable<SessionRequest['command']>;

/** Runs the work of a command and records it. */
export type Measure = (command: Command, work: () => Promise<SessionResponse>) => Promise<SessionResponse>;

/** A session has tens of thousands of commands; spans of all would fill a trace that nobody can read. */
const SPAN_EVERY_MS = 30_000;

const tracer = trace.getTracer('@nss/supernet-trainer');

/**
 * Records the commands of one session: each in the metrics; in the trace the first of every kind, then one of a kind in half a minute.
 *
 * @param batchSize images of a step.
 */
export function measureCommands(batchSize: number): Measure {
  const lastSpanMs = new Map<Command['$case'], number>();
  return async (command, work) => {
    const { $case } = command;
    const startedAt = performance.now();
    if (startedAt - (lastSpanMs.get($case) ?? Number.NEGATIVE_INFINITY) < SPAN_EVERY_MS) {
      return recorded(command, batchSize, work);
    }
    lastSpanMs.set($case, startedAt);
    return tracer.startActiveSpan(`command ${$case}`, async (span) => {
      try {
        return await recorded(command, batchSize, work);
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : String(error) });
        throw error;
      } finally {
        span.end();
      }
    });
  };
}

async function recorded(
  command: Command,
  batchSize: number,
  work: () => Promise<SessionResponse>,
): Promise<SessionResponse> {
  const startedAt = performance.now();
  let outcome = 'error';
  try {
    const response = await work();
    outcome = 'ok';
    trainerMetrics.busy.add(response.busySeconds);
    if (command.$case === 'weightSteps') countSteps('weight', command.value.steps.length, batchSize);
    if (command.$case === 'thetaStep' || command.$case === 'taskLosses') countSteps('theta', 1, batchSize);
    return response;
  } finally {
    trainerMetrics.commands.record((performance.now() - startedAt) / 1_000, { command: command.$case, outcome });
  }
}

function countSteps(kind: 'weight' | 'theta', steps: number, batchSize: number): void {
  trainerMetrics.steps.add(steps, { kind });
  trainerMetrics.images.add(steps * batchSize, { kind });
}
