/** Tells the ledger what the bus says of a job. */
import * as z from 'zod/mini';
import { APPLICATION_SOURCE, DETAIL_TYPE, EVENT_SOURCE, JOB_SUBMITTED } from '../contract.ts';
import { JobEventDetail, JobSubmittedDetail, OutputFailedDetail, OutputStoredDetail } from '../domain/job-event.ts';
import type { LedgerFact } from '../domain/job-ledger.ts';
import type { JobLedger } from './ports.ts';

const Envelope = z.looseObject({
  source: z.enum([EVENT_SOURCE, APPLICATION_SOURCE]),
  'detail-type': z.string(),
  time: z.iso.datetime(),
  detail: z.unknown(),
});

const Identified = z.looseObject({
  source: z.string(),
  jobType: z.string(),
  jobId: z.string(),
  /** Not of a job that was only submitted. */
  webhookId: z.optional(z.string()),
});
type Subject = { readonly [name in 'type' | 'source' | 'jobType' | 'jobId' | 'webhookId']?: string | undefined };

/**
 * @param body of a queue's message: an event as EventBridge delivers it
 * @param publishedAt when the bus handed it over
 * @returns false when it is no event that the rule would have sent
 * @throws TransientError `ERR_STORE_UNAVAILABLE`
 */
export async function recordJob(ledger: Pick<JobLedger, 'tell'>, body: string, publishedAt: Date): Promise<boolean> {
  const fact = toFact(body, publishedAt);
  if (fact === undefined) return false;
  await ledger.tell(fact);
  return true;
}

/** What a log line says of the message: of an event that makes no sense only its type. */
export function subjectOf(body: string): Subject {
  try {
    const { 'detail-type': type, detail } = Envelope.parse(JSON.parse(body));
    if (toFact(body, new Date(0)) === undefined) return { type };
    const { source, jobType, jobId, webhookId } = Identified.parse(detail);
    return { type, source, jobType, jobId, webhookId };
  } catch {
    return {};
  }
}

function toFact(body: string, publishedAt: Date): LedgerFact | undefined {
  try {
    const { source, 'detail-type': detailType, time, detail } = Envelope.parse(JSON.parse(body));
    // Each source speaks for itself only: an application cannot say that outputs landed.
    if (source === APPLICATION_SOURCE) {
      return detailType === JOB_SUBMITTED ? submitted(JobSubmittedDetail.parse(detail)) : undefined;
    }
    if (detailType === DETAIL_TYPE.outputStored) return landed(OutputStoredDetail.parse(detail));
    if (detailType === DETAIL_TYPE.outputFailed) return failed(OutputFailedDetail.parse(detail), new Date(time));
    return announced(JobEventDetail.parse(detail), publishedAt);
  } catch {
    return undefined;
  }
}

function submitted({ source, jobType, jobId, submittedAt, userMetadata }: JobSubmittedDetail): LedgerFact {
  return { kind: 'submitted', source, jobType, jobId, submittedAt: new Date(submittedAt), userMetadata };
}

function announced(detail: JobEventDetail, publishedAt: Date): LedgerFact | undefined {
  const { source, jobType, jobId, webhookId, type, origin, userMetadata } = detail;
  if (jobType === 'other' || jobId === null) return undefined;
  return {
    kind: 'announced',
    ...{ source, jobType, jobId, webhookId, origin, userMetadata, publishedAt },
    eventType: type,
    endedAt: new Date(detail.occurredAt),
    deliveredAt: new Date(detail.receivedAt),
  };
}

function landed(detail: OutputStoredDetail): LedgerFact {
  const { source, jobType, jobId, manifestKey, createdAt } = detail;
  return {
    kind: 'landed',
    ...{ source, jobType, jobId, manifestKey },
    createdAt: createdAt === null ? undefined : new Date(createdAt),
    fetchStartedAt: new Date(detail.fetchStartedAt),
    landedAt: new Date(detail.landedAt),
  };
}

function failed(detail: OutputFailedDetail, failedAt: Date): LedgerFact {
  const { source, jobType, jobId, code, retryable, manifestKey } = detail;
  return {
    kind: 'failed',
    ...{ source, jobType, jobId, code, retryable, failedAt },
    manifestKey: manifestKey ?? undefined,
  };
}
