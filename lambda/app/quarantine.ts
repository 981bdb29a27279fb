/**
 * Keeps some of what did not verify, so that it can be verified again after the sender's scheme or our keys changed. A flood
 * must fill neither the store nor its bill: each process keeps few, all of them together keep no more than so many in an
 * hour, and once that is reached nobody asks the store before the next hour.
 */
import { METRIC } from '../contract.ts';
import type { RawDelivery } from '../domain/delivery.ts';
import { isKeepable, type KeptDelivery, toKept } from '../domain/quarantine.ts';
import type { Log, Metrics } from './ports.ts';

/** Of one process: so many at once, and one more every few seconds. */
const BURST = 10;
const REFILL_MS = 6_000;
const HOUR_MS = 3_600_000;

/** Every method throws `TransientError('ERR_STORE_UNAVAILABLE')`. */
export interface QuarantineStore {
  /** Counts one more in the hour; false when that would be too many. */
  reserve(hour: Date): Promise<boolean>;
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

/** The result never rejects: what the sender is told does not depend on it. */
export function createQuarantine(ports: QuarantinePorts): Quarantine {
  let tokens = BURST;
  let refilledAt = 0;
  let fullUntil = 0;

  function isAllowed(now: number): boolean {
    if (now < fullUntil) return false;
    tokens = Math.min(BURST, tokens + Math.max(0, now - refilledAt) / REFILL_MS);
    refilledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  }

  return async (delivery, error, now) => {
    const { source, kind } = delivery.route;
    if (!isKeepable(delivery, error, now) || !isAllowed(now.getTime())) return;
    try {
      if (!(await ports.holdsToken(delivery))) return;
      const hour = new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS);
      if (!(await ports.store.reserve(hour))) {
        fullUntil = hour.getTime() + HOUR_MS;
        ports.metrics.count(METRIC.quarantineFull, { source });
        return;
      }
      await ports.store.keep(toKept(ports.createId(), delivery, now));
      ports.metrics.count(METRIC.quarantined, { source });
      ports.log.warn('A delivery that did not verify was quarantined', { source, kind });
    } catch {
      ports.metrics.count(METRIC.quarantineFailed, { source });
    }
  };
}
