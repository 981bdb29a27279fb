/**
 * One delivery from the door to the bus. The order is fixed: size, headers, tolerance, signature, parse, claim, publish,
 * complete.
 */
import { jobLogFields } from '../events/job-event.ts';
import type { PublishResult } from '../events/publish-once.ts';
import { toJobEvent } from '../gemini/envelope.ts';
import { describeError, RequestError } from '../shared/errors.ts';
import { MAX_BODY_BYTES, type RawDelivery } from '../standard-webhooks/delivery.ts';
import type { Authenticate } from './authenticate.ts';
import type { NoteForm } from './form-log.ts';
import { type PublishDeliveryPorts, publishDelivery } from './publish-delivery.ts';
import type { Quarantine } from './quarantine.ts';

export interface ReceiveWebhookPorts extends PublishDeliveryPorts {
  readonly authenticate: Authenticate;
  /** Undefined while nothing is quarantined. */
  readonly quarantine?: Quarantine | undefined;
  /** Undefined while nobody wants to know. */
  readonly noteForm?: NoteForm | undefined;
}

/** Throws `RequestError` for what is not a genuine event and `TransientError` when the producer should try again. */
export async function receiveWebhook(ports: ReceiveWebhookPorts, delivery: RawDelivery): Promise<PublishResult> {
  const { project } = delivery.route;
  try {
    const result = await receive(ports, delivery);
    ports.metrics.count('Deliveries', { project, outcome: result.outcome });
    return result;
  } catch (error) {
    ports.metrics.count('Deliveries', { project, outcome: describeError(error).code });
    throw error;
  }
}

async function receive(ports: ReceiveWebhookPorts, delivery: RawDelivery): Promise<PublishResult> {
  const receivedAt = ports.clock();
  if (delivery.body.length > MAX_BODY_BYTES) throw new RequestError('ERR_BODY_TOO_LARGE', 'The body is over 256 KiB');
  const verified = await ports.authenticate(delivery, receivedAt).catch(async (error: unknown) => {
    await ports.quarantine?.(delivery, error, receivedAt);
    throw error;
  });
  const { route } = delivery;
  const detail = toJobEvent(verified, receivedAt, route.kind === 'dynamic' ? route.token : undefined);
  ports.noteForm?.(delivery, verified, detail);
  const subject = { ...jobLogFields(detail), scheme: detail.scheme };
  try {
    const result = await publishDelivery(ports, detail, verified.bodySha256);
    ports.log.info('Delivery handled', { ...subject, outcome: result.outcome });
    return result;
  } catch (error) {
    ports.log.error('Delivery not handled', { ...subject, code: describeError(error).code });
    throw error;
  }
}
