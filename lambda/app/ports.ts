/**
 * What the use cases need from the outside, in their own words: no AWS type, no HTTP code. Adapters implement these;
 * tests pass fakes that run the same contract suites.
 */
import type { MetricName } from '../contract.ts';
import type { VerifiedDelivery } from '../domain/delivery.ts';
import type { BusEvent } from '../domain/job-event.ts';

/** The only source of time. */
export type Clock = () => Date;

/** What the store must know to claim a delivery. */
export interface DeliveryClaim {
  /** Idempotency key: the scheme, `#`, the webhook id. */
  readonly id: string;
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
  | { readonly outcome: 'completed'; readonly bodySha256: string }
  /** Somebody else holds the lease until `leaseEndsAt`. */
  | { readonly outcome: 'in-progress'; readonly leaseEndsAt: Date };

/**
 * The idempotency records. Every method throws `TransientError('ERR_STORE_UNAVAILABLE')` when the store cannot be
 * reached; a call that timed out may have taken effect all the same.
 */
export interface DeliveryStore {
  /** Takes the lease unless the record is COMPLETED or leased, where an expired record or lease counts as absent. */
  claim(claim: DeliveryClaim, now: Date): Promise<ClaimResult>;
  /** Marks the record COMPLETED; false when the lease is no longer the owner's. */
  complete(id: string, owner: string, now: Date): Promise<boolean>;
  /** Gives the lease back at once, so that the next attempt need not wait for it; no-op when it is not the owner's. */
  release(id: string, owner: string): Promise<void>;
}

export interface EventPublisher {
  /** Resolves only when the bus accepted the event. @throws TransientError `ERR_PUBLISH_FAILED` */
  publish(event: BusEvent): Promise<void>;
}

/**
 * Keys that change while the function is warm. Both methods throw `TransientError('ERR_KEYS_UNAVAILABLE')` only when
 * there is nothing that may be used at all.
 */
export interface KeySource<Key> {
  /** The cached keys; loads them when there are none or they are too old. */
  current(): Promise<readonly Key[]>;
  /**
   * Asked for after `seen` (the array that `current` gave) did not match. Undefined when nothing newer is to be had:
   * the cooldown runs, or the source is away.
   */
  refreshed(seen: readonly Key[]): Promise<readonly Key[] | undefined>;
}

export interface Metrics {
  /** Adds `value` (default 1) to a count, under at most one dimension. */
  count(name: MetricName, dimension?: { readonly [name: string]: string }, value?: number): void;
  /** One observation of a duration in seconds. */
  seconds(name: MetricName, value: number, dimension?: { readonly [name: string]: string }): void;
}

/** Structured log lines. Fields are ids, codes, counts and times: never a secret, token, signature or body. */
export interface Log {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}
export interface LogFields {
  readonly [name: string]: string | number | boolean | null | undefined;
}

/** RS256 JWT, as Google's page documents dynamic webhooks. */
export interface JwtVerifier {
  /** @throws RequestError `ERR_SIGNATURE_MISMATCH`; TransientError `ERR_KEYS_UNAVAILABLE` */
  verify(token: string, now: Date): Promise<VerifiedDelivery>;
}
