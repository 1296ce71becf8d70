import { errors, type NatsConnection } from '@nats-io/transport-node';

/** Whether the connection stands, as far as the client knows. */
export type Link = {
  /**
   * The operation's value. Throws as soon as the connection is lost: the client drops what it has not sent yet, and the answers to
   * the rest do not come, so the operation would only wait for its timeout.
   */
  whileUp<T>(operation: () => Promise<T>): Promise<T>;
  /** Resolves when the connection stands (again), and after `limitMs` in any case. */
  up(limitMs: number): Promise<void>;
};

/** Follows the connection from now on; it must stand. */
export function followLink(nc: NatsConnection): Link {
  let isUp = true;
  /** Called, once, at the next change. */
  const listeners = new Set<() => void>();
  const change = (now: boolean) => {
    isUp = now;
    const called = [...listeners];
    listeners.clear();
    for (const listener of called) listener();
  };
  void (async () => {
    for await (const { type } of nc.status()) {
      if (type === 'disconnect') change(false);
      if (type === 'reconnect') change(true);
    }
    change(false);
  })();

  return {
    // Not Promise.race: with a promise as long-lived as the connection, it would keep every operation in memory.
    whileUp: (operation) =>
      new Promise((resolve, reject) => {
        const lost = () => reject(new errors.ConnectionError('the connection was lost'));
        if (!isUp && !nc.isClosed()) return lost();
        listeners.add(lost);
        const settled = () => listeners.delete(lost);
        Promise.try(operation).finally(settled).then(resolve, reject);
      }),
    up: (limitMs) =>
      new Promise((resolve) => {
        if (isUp || nc.isClosed()) return resolve();
        const done = () => {
          clearTimeout(timer);
          listeners.delete(done);
          resolve();
        };
        const timer = setTimeout(done, limitMs);
        listeners.add(done);
      }),
  };
}
