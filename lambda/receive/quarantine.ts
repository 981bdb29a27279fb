/**
 * Keeps some of what did not verify, so that it can be verified again after the sender's scheme or our keys changed. A flood
 * must fill neither the store nor its bill: each process keeps few, all of them together keep no more than so many in an
 * hour, and once that is reached nobody asks the store before the next hour. All of that is for each route, so that junk on one
 * of them does not push out what is genuine on another.
 */
import type { Log, Metrics } from '../shared/ports.ts';
import type { DeliveryRoute, RawDelivery } from '../standard-webhooks/delivery.ts';
import { isKeepable, type KeptDelivery, toKept } from './quarantined.ts';

/** Of one process and route: so many at once, and one more every few seconds. */
const BURST = 10;
const REFILL_MS = 6_000;
const HOUR_MS = 3_600_000;

/** Every method throws `TransientError('ERR_STORE_UNAVAILABLE')`. */
export interface QuarantineStore {
  /** Counts one more of the route in the hour; false when that would be too many. */
  reserve(route: Pick<DeliveryRoute, 'project' | 'kind'>, hour: Date): Promise<boolean>;
  keep(delivery: KeptDelivery): Promise<void>;
  /** Those that have not expired, in no order. */
  list(now: Date): AsyncIterable<KeptDelivery>;
  remove(id: string): Promise<void>;
}

export interface QuarantinePorts {
  readonly store: Pick<QuarantineStore, 'keep' | 'reserve'>;
  /** Whether the token of a dynamic delivery is ours: a stranger's is not kept. */
  readonly holdsToken: (delivery: RawDelivery) => Promise<boolean>;
  readonly createId: () => string;
  readonly log: Log;
  readonly metrics: Metrics;
}

export type Quarantine = (delivery: RawDelivery, error: unknown, now: Date) => Promise<void>;

/** The result never rejects: the answer to the sender does not depend on it. */
export function createQuarantine(ports: QuarantinePorts): Quarantine {
  const limits = new Map<string, Limit>();

  function limitOf({ project, kind }: DeliveryRoute): Limit {
    const limit = limits.get(`${project}#${kind}`) ?? { tokens: BURST, refilledAt: 0, fullUntil: 0 };
    limits.set(`${project}#${kind}`, limit);
    return limit;
  }

  return async (delivery, error, now) => {
    const { project, kind } = delivery.route;
    if (!isKeepable(delivery, error, now)) return;
    try {
      // First, or whoever knows no token could use up what the route may keep.
      if (!(await ports.holdsToken(delivery))) return;
      const limit = limitOf(delivery.route);
      if (!isAllowed(limit, now.getTime())) return;
      const hour = new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS);
      if (!(await ports.store.reserve({ project, kind }, hour))) {
        limit.fullUntil = hour.getTime() + HOUR_MS;
        ports.metrics.count('QuarantineFull', { project });
        return;
      }
      await ports.store.keep(toKept(ports.createId(), delivery, now));
      ports.metrics.count('Quarantined', { project });
      ports.log.warn('A delivery that did not verify was quarantined', { project, kind });
    } catch {
      ports.metrics.count('QuarantineFailed', { project });
    }
  };
}

/** Of one route, in this process. */
interface Limit {
  tokens: number;
  refilledAt: number;
  fullUntil: number;
}

function isAllowed(limit: Limit, now: number): boolean {
  if (now < limit.fullUntil) return false;
  limit.tokens = Math.min(BURST, limit.tokens + Math.max(0, now - limit.refilledAt) / REFILL_MS);
  limit.refilledAt = now;
  if (limit.tokens < 1) return false;
  limit.tokens -= 1;
  return true;
}
