/** What the events need from the outside: a store of what was published, and the bus. */
import type { BusEvent } from './job-event.ts';

/** What the store must know to claim a delivery. */
export interface EventClaim {
  /** Idempotency key, see `eventKey`. */
  readonly id: string;
  /** By which delivery the event came: the scheme, `#`, the webhook id. */
  readonly delivery: string;
  /** Unique to this attempt; only the owner of a lease completes or releases it. */
  readonly owner: string;
  readonly eventType: string;
  readonly jobId: string | null;
  /** Hex. */
  readonly bodySha256: string;
  readonly receivedAt: Date;
}

export type ClaimResult =
  /** The lease is ours. `attempts` counts from 1. */
  | { readonly outcome: 'claimed'; readonly attempts: number }
  /** The event is on the bus already. */
  | {
      readonly outcome: 'completed';
      readonly delivery: string;
      readonly bodySha256: string;
      /** By the delivery that claimed it. */
      readonly receivedAt: Date;
    }
  /** Somebody else holds the lease until `leaseEndsAt`. */
  | { readonly outcome: 'in-progress'; readonly leaseEndsAt: Date };

/**
 * The idempotency records. Every method throws `TransientError('ERR_STORE_UNAVAILABLE')` when the store cannot be
 * reached; a call that timed out may have taken effect all the same.
 */
export interface IdempotencyStore {
  /** Takes the lease unless the record is COMPLETED or leased, where an expired record or lease counts as absent. */
  claim(claim: EventClaim, now: Date): Promise<ClaimResult>;
  /** Marks the record COMPLETED; false when the lease is no longer the owner's. */
  complete(id: string, owner: string, now: Date): Promise<boolean>;
  /** Gives the lease back at once, so that the next attempt need not wait for it; no-op when it is not the owner's. */
  release(id: string, owner: string): Promise<void>;
}

export interface EventPublisher {
  /** Resolves only when the bus accepted the event. @throws TransientError `ERR_PUBLISH_FAILED` */
  publish(event: BusEvent): Promise<void>;
}
