/**
 * One delivery from the door to the bus. The order is fixed: size, headers, tolerance, signature, parse, claim, publish,
 * complete. A crash between any two of them leads to a retry by the producer that publishes again or finds it done.
 */
import { METRIC } from '../contract.ts';
import { MAX_BODY_BYTES, type RawDelivery, type VerifiedDelivery } from '../domain/delivery.ts';
import { toJobEvent } from '../domain/envelope.ts';
import { PipelineError, RequestError } from '../domain/errors.ts';
import type { JobEventDetail } from '../domain/job-event.ts';
import type { Authenticate } from './authenticate.ts';
import type { Clock, DeliveryStore, EventPublisher, Log, Metrics } from './ports.ts';
import type { Quarantine } from './quarantine.ts';

export interface ReceiveWebhookPorts {
  readonly authenticate: Authenticate;
  /** Undefined while nothing is quarantined. */
  readonly quarantine?: Quarantine | undefined;
  readonly store: DeliveryStore;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  /** Unique per attempt: the owner of the lease. */
  readonly createOwner: () => string;
  readonly log: Log;
  readonly metrics: Metrics;
}

export type ReceiveResult =
  | { readonly outcome: 'accepted' | 'duplicate' }
  | { readonly outcome: 'in-progress'; readonly retryAfterSeconds: number };

/** Throws `RequestError` for what is not a genuine event and `TransientError` when the producer should try again. */
export async function receiveWebhook(ports: ReceiveWebhookPorts, delivery: RawDelivery): Promise<ReceiveResult> {
  const { source } = delivery.route;
  try {
    const result = await receive(ports, delivery);
    ports.metrics.count(METRIC.deliveries, { source, outcome: result.outcome });
    return result;
  } catch (error) {
    const outcome = error instanceof PipelineError ? error.code : 'ERR_INTERNAL';
    ports.metrics.count(METRIC.deliveries, { source, outcome });
    throw error;
  }
}

async function receive(ports: ReceiveWebhookPorts, delivery: RawDelivery): Promise<ReceiveResult> {
  const receivedAt = ports.clock();
  if (delivery.body.length > MAX_BODY_BYTES) throw new RequestError('ERR_BODY_TOO_LARGE', 'The body is over 256 KiB');
  const verified = await ports.authenticate(delivery, receivedAt).catch(async (error: unknown) => {
    await ports.quarantine?.(delivery, error, receivedAt);
    throw error;
  });
  const detail = toJobEvent(verified, receivedAt);
  const result = await publishOnce(ports, verified, detail);
  ports.log.info('Delivery handled', { ...identify(detail), outcome: result.outcome });
  return result;
}

/** Claims, publishes and completes what was verified. */
export async function publishOnce(
  ports: Omit<ReceiveWebhookPorts, 'authenticate' | 'quarantine'>,
  verified: VerifiedDelivery,
  detail: JobEventDetail,
): Promise<ReceiveResult> {
  const { store, metrics } = ports;
  // Who can sign for one source or scheme must not be able to use up the ids of another.
  const id = `${verified.source}#${verified.scheme}#${verified.webhookId}`;
  const owner = ports.createOwner();
  const now = ports.clock();
  const claim = await store.claim(
    {
      id,
      owner,
      eventType: detail.type,
      jobId: detail.jobId,
      bodySha256: verified.bodySha256,
      receivedAt: new Date(detail.receivedAt),
    },
    now,
  );
  if (claim.outcome === 'in-progress') {
    const seconds = Math.ceil((claim.leaseEndsAt.getTime() - now.getTime()) / 1000);
    return { outcome: 'in-progress', retryAfterSeconds: Math.max(1, seconds) };
  }
  if (claim.outcome === 'completed') {
    if (claim.bodySha256 !== verified.bodySha256) {
      metrics.count(METRIC.payloadMismatch);
      ports.log.warn('The same webhook id came with another body', identify(detail));
    }
    return { outcome: 'duplicate' };
  }
  await publishOrRelease(ports, id, owner, detail);
  await complete(ports, id, owner, detail);
  return { outcome: 'accepted' };
}

async function publishOrRelease(
  ports: Pick<ReceiveWebhookPorts, 'log' | 'publisher' | 'store'>,
  id: string,
  owner: string,
  detail: JobEventDetail,
): Promise<void> {
  try {
    await ports.publisher.publish({ detailType: detail.type, time: new Date(detail.occurredAt), detail });
  } catch (error) {
    // Should the release fail too, the lease runs out by itself.
    await ports.store.release(id, owner).catch(() => ports.log.warn('The claim was not released', identify(detail)));
    throw error;
  }
}

/** The event is on the bus, so the answer is 2xx whatever happens here; at worst a later duplicate is published again. */
async function complete(
  ports: Pick<ReceiveWebhookPorts, 'clock' | 'log' | 'metrics' | 'store'>,
  id: string,
  owner: string,
  detail: JobEventDetail,
): Promise<void> {
  const completed = await ports.store.complete(id, owner, ports.clock()).catch(() => false);
  if (completed) return;
  ports.metrics.count(METRIC.completeFailed);
  ports.log.warn('The event is on the bus, but its record is not COMPLETED', identify(detail));
}

function identify(detail: JobEventDetail) {
  const { source, webhookId, type, jobType, jobId, scheme } = detail;
  return { source, webhookId, type, jobType, jobId, scheme };
}
