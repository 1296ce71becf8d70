import { EventEmitter, on } from 'node:events';
import { service } from 'grpc-health-check';
import type { Definition } from './definitions.ts';
import { notFound } from './errors.ts';
import type { CallContext } from './handlers.ts';

/** Full name of the standard health service. */
export const HEALTH_SERVICE = 'grpc.health.v1.Health';

export type Health = {
  /** Says whether a service (by full name) takes calls now; `''` is the server as a whole, and all of its services. */
  setServing(service: string, serving: boolean): void;
};

type HealthStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/**
 * `grpc.health.v1.Health` for these services, all of them serving. The handlers are this project's own, on the
 * definition of `grpc-health-check`: that package's Watch never ends, so that a server with a watcher could not close.
 */
export function createHealth(serviceNames: readonly string[]) {
  const statuses = new Map<string, HealthStatus>(['', ...serviceNames].map((name) => [name, 'SERVING']));
  const changes = new EventEmitter().setMaxListeners(0);
  const statusOf = (name: string): HealthStatus => statuses.get(name) ?? 'SERVICE_UNKNOWN';

  const health: Health = {
    setServing(name, serving) {
      for (const each of name === '' ? statuses.keys() : [name])
        statuses.set(each, serving ? 'SERVING' : 'NOT_SERVING');
      changes.emit('change');
    },
  };

  const implementation = {
    async Check({ service }: { service: string }) {
      if (!statuses.has(service)) throw notFound(`service ${service} on this server`);
      return { status: statusOf(service) };
    },
    async *Watch({ service }: { service: string }, { signal }: CallContext) {
      const changed = on(changes, 'change', { signal });
      let told = statusOf(service);
      yield { status: told };
      for await (const _ of changed) {
        const now = statusOf(service);
        if (now !== told) yield { status: now };
        told = now;
      }
    },
    async List() {
      return { statuses: Object.fromEntries([...statuses].map(([name, status]) => [name, { status }])) };
    },
  };

  return { health, definition: service as Definition, implementation };
}
