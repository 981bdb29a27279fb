/** One message of a fetcher's queue: what becomes of it. Nothing here throws, so that every message gets its delay. */
import { type FetchableEvent, jobLogFields } from '../events/job-event.ts';
import type { JobKind } from '../gemini/jobs/job-type.ts';
import { describeError, TransientError } from '../shared/errors.ts';
import { placeOf } from './announce-outputs.ts';
import { backoffSeconds } from './backoff.ts';
import { type FetchOutputsPorts, fetchOutputs } from './fetch-outputs.ts';

export interface QueuedJob {
  /** Undefined when the message is none that the rule of this job type would have sent. */
  readonly event: FetchableEvent | undefined;
  readonly messageId: string;
  /** From 1. */
  readonly receiveCount: number;
}

export type MessageResult =
  | { readonly outcome: 'done' }
  /** The message goes back, and to the dead-letter queue after its last receive. */
  | { readonly outcome: 'returned'; readonly delaySeconds: number };

export interface HandleMessagePorts extends FetchOutputsPorts {
  /** After so many receives the queue gives up. */
  readonly maxReceiveCount: number;
}

export async function handleMessage(
  ports: HandleMessagePorts,
  kind: JobKind,
  message: QueuedJob,
  signal: AbortSignal,
): Promise<MessageResult> {
  const { event, messageId, receiveCount } = message;
  if (event === undefined) {
    ports.log.error('The message is not an event of this queue', { messageId, jobType: kind.jobType });
    return { outcome: 'returned', delaySeconds: 0 };
  }
  try {
    const isLast = receiveCount >= ports.maxReceiveCount;
    await fetchOutputs(ports, kind, event, { number: receiveCount, isLast, signal });
    return { outcome: 'done' };
  } catch (error) {
    const asked = error instanceof TransientError ? error.retryAfterSeconds : undefined;
    const delaySeconds = backoffSeconds(receiveCount, asked);
    const nextAttemptAt = new Date(ports.clock().getTime() + 1000 * delaySeconds);
    // Only to be seen, and to judge by: the message goes back whether it is written or not.
    await ports.ledger.postpone(event, describeError(error).code, nextAttemptAt).catch(() => {});
    ports.metrics.count('OutputsRetried', placeOf(event));
    ports.log.warn('The message goes back to the queue', {
      ...jobLogFields(event),
      ...{ messageId, receiveCount, delaySeconds },
      ...describeError(error),
    });
    return { outcome: 'returned', delaySeconds };
  }
}
