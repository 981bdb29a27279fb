/** Gemini's event as it was signed, made into the event on the bus. */
import * as z from 'zod/mini';
import { FETCHED_JOB_TYPES, JOB_TYPE, SCHEMA_VERSION } from '../contract.ts';
import { withoutCollection } from '../events/event-key.ts';
import { fitted } from '../events/event-size.ts';
import type { JobEventDetail } from '../events/job-event.ts';
import { RequestError } from '../shared/errors.ts';
import type { VerifiedDelivery } from '../standard-webhooks/delivery.ts';
import { dateOf } from './names.ts';
import { withoutToken } from './without-token.ts';

/** EventBridge carries no longer detail-type (PutEventsRequestEntry). */
const MAX_TYPE_LENGTH = 128;
/** Far more than any event needs, and far less than what overflows `JSON.stringify`. */
const MAX_DEPTH = 64;

const record = z.record(z.string(), z.unknown());
const Envelope = z.looseObject({
  type: z.string().check(z.minLength(1), z.maxLength(MAX_TYPE_LENGTH)),
  timestamp: z.catch(z.optional(z.string()), undefined),
  data: z.catch(record, {}),
});

/**
 * @param token of the dynamic URL that it came to; it must not stand in the event
 * @throws RequestError `ERR_BODY_INVALID` when what was signed is not an event
 */
export function toJobEvent(delivery: VerifiedDelivery, receivedAt: Date, token?: string): JobEventDetail {
  const signed = Buffer.isBuffer(delivery.payload) ? parseJson(delivery.payload) : delivery.payload;
  const envelope = Envelope.safeParse(signed);
  if (!envelope.success || depthOf(envelope.data) > MAX_DEPTH)
    throw new RequestError('ERR_BODY_INVALID', 'Not an event');
  const { type, timestamp, data } = envelope.data;
  // A producer that could say `output.stored` would speak with our voice; the verifier's role may not publish it either.
  if (!type.isWellFormed() || type.startsWith('output.')) {
    throw new RequestError('ERR_BODY_INVALID', 'Not an event type of the producer');
  }
  return fitted({
    schemaVersion: SCHEMA_VERSION,
    project: delivery.project,
    webhookId: delivery.webhookId,
    type,
    ...identifyJob(type, data['id']),
    status: type.slice(type.lastIndexOf('.') + 1),
    occurredAt: (dateOf(timestamp) ?? delivery.attemptedAt).toISOString(),
    receivedAt: receivedAt.toISOString(),
    origin: 'webhook',
    scheme: delivery.scheme,
    // What the project's own secret signed; of the others only the ledger knows.
    verifiedJob: delivery.scheme === 'v1',
    displayName: null,
    userMetadata: withoutToken(findUserMetadata(envelope.data, data), token),
    data: withoutToken(data, token),
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new RequestError('ERR_BODY_INVALID', 'Not JSON in UTF-8');
  }
}

/** Iterative, because what it guards against overflows recursion. */
function depthOf(value: object): number {
  let level: readonly unknown[] = [value];
  for (let depth = 0; ; depth += 1) {
    const next = level.flatMap((entry) => (typeof entry === 'object' && entry !== null ? Object.values(entry) : []));
    if (next.length === 0 || depth > MAX_DEPTH) return depth;
    level = next;
  }
}

function identifyJob(type: string, id: unknown): Pick<JobEventDetail, 'jobType' | 'jobId'> {
  const jobType = FETCHED_JOB_TYPES.find((candidate) => type.startsWith(`${candidate}.`));
  if (jobType === undefined || typeof id !== 'string' || !JOB_TYPE[jobType].idPattern.test(id))
    return { jobType: 'other', jobId: null };
  const { collection } = JOB_TYPE[jobType];
  return { jobType, jobId: (collection?.isInId ? collection.path : '') + withoutCollection(jobType, id) };
}

/** No delivery with user metadata has been published: both places and both spellings are tried (googleapis/go-genai#779). */
function findUserMetadata(...places: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const found = places
    .flatMap((place) => [place['user_metadata'], place['userMetadata']])
    .map((candidate) => record.safeParse(candidate))
    .find(({ success }) => success);
  return found?.data ?? {};
}
