/**
 * Claims, publishes, completes: what stands between an event and its second publication, for whoever learns of it. A crash
 * between any two of them leads to another attempt that publishes again or finds it done.
 */
import type { Clock, Log, Metrics } from '../shared/ports.ts';
import { eventKey } from './event-key.ts';
import { type BusEvent, type JobEventDetail, jobLogFields } from './job-event.ts';
import type { EventPublisher, IdempotencyStore } from './ports.ts';

export interface PublishOncePorts {
  readonly store: IdempotencyStore;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  /** Unique per attempt: the owner of the lease. */
  readonly createOwner: () => string;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Whether an attempt that died had published all the same; asked when a lease is taken over. Not known by default. */
  readonly wasPublished?: ((event: BusEvent) => Promise<boolean>) | undefined;
}

export interface Once {
  /** Idempotency key. */
  readonly id: string;
  /** By what it came: a scheme, `#`, and an id. */
  readonly delivery: string;
  /** Of what was delivered, to notice a delivery that came again changed. */
  readonly bodySha256: string;
  readonly receivedAt: Date;
  readonly event: BusEvent;
  /** What the event is to say besides; asked once the claim is ours. */
  readonly complete?: () => Promise<BusEvent>;
}

export type PublishResult =
  | { readonly outcome: 'accepted' }
  /** `completed`: by which delivery it came to be on the bus, and when that was. */
  | { readonly outcome: 'duplicate'; readonly completed?: { readonly delivery: string; readonly receivedAt: Date } }
  | { readonly outcome: 'in-progress'; readonly retryAfterSeconds: number };

export function onceFor(detail: JobEventDetail, bodySha256: string): Once {
  return {
    id: eventKey(detail),
    delivery: `${detail.scheme}#${detail.webhookId}`,
    bodySha256,
    receivedAt: new Date(detail.receivedAt),
    event: { detailType: detail.type, time: new Date(detail.occurredAt), detail },
  };
}

/** @throws TransientError when the store or the bus is away */
export async function publishOnce(ports: PublishOncePorts, once: Once): Promise<PublishResult> {
  const { store, metrics } = ports;
  const { id, delivery, bodySha256, receivedAt, event } = once;
  const { project } = event.detail;
  const owner = ports.createOwner();
  const now = ports.clock();
  const { jobId } = event.detail;
  const claim = await store.claim(
    { id, owner, delivery, eventType: event.detailType, jobId, bodySha256, receivedAt },
    now,
  );
  if (claim.outcome === 'in-progress') {
    const seconds = Math.ceil((claim.leaseEndsAt.getTime() - now.getTime()) / 1000);
    return { outcome: 'in-progress', retryAfterSeconds: Math.max(1, seconds) };
  }
  if (claim.outcome === 'completed') {
    if (claim.delivery === delivery && claim.bodySha256 !== bodySha256) {
      metrics.count('PayloadMismatch', { project });
      ports.log.warn('The same webhook id came with another body', jobLogFields(event.detail));
    }
    return { outcome: 'duplicate', completed: { delivery: claim.delivery, receivedAt: claim.receivedAt } };
  }
  const isDone = claim.attempts > 1 && ((await ports.wasPublished?.(event)) ?? false);
  if (!isDone) await publishOrRelease(ports, id, owner, (await once.complete?.()) ?? event);
  await complete(ports, id, owner, event);
  return { outcome: isDone ? 'duplicate' : 'accepted' };
}

async function publishOrRelease(ports: PublishOncePorts, id: string, owner: string, event: BusEvent): Promise<void> {
  try {
    await ports.publisher.publish(event);
  } catch (error) {
    // Should the release fail too, the lease runs out by itself.
    await ports.store
      .release(id, owner)
      .catch(() => ports.log.warn('The claim was not released', jobLogFields(event.detail)));
    throw error;
  }
}

/** The event is on the bus, so it is accepted whatever happens here; at worst a later duplicate is published again. */
async function complete(ports: PublishOncePorts, id: string, owner: string, event: BusEvent): Promise<void> {
  const completed = await ports.store.complete(id, owner, ports.clock()).catch(() => false);
  if (completed) return;
  ports.metrics.count('CompleteFailed', { project: event.detail.project });
  ports.log.warn('The event is on the bus, but its record is not COMPLETED', jobLogFields(event.detail));
}
