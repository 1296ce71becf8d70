import type { Quotas } from '@nss/runtime';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { resourceExhausted } from './errors.ts';

/** Counts a call of a tenant. Throws RESOURCE_EXHAUSTED (RATE_LIMITED), with when to come again. */
export type CountCall = (tenant: string) => Promise<void>;

/** Counts the calls that this process takes in a minute, which begins with a tenant's first. */
export function rateLimit(quotas: Quotas): CountCall {
  const limiters = new Map<number, RateLimiterMemory>();
  return async (tenant) => {
    const points = quotas(tenant).callsPerMinute;
    if (points === undefined) return;
    const limiter = limiters.get(points) ?? new RateLimiterMemory({ points, duration: 60 });
    limiters.set(points, limiter);
    try {
      await limiter.consume(tenant);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw resourceExhausted(`${tenant} may make ${points} calls a minute`, {
        reason: 'RATE_LIMITED',
        retryAfterMs: refused.msBeforeNext,
        quotaViolations: [{ subject: `tenant:${tenant}`, description: `${points} calls a minute` }],
      });
    }
  };
}
