/** Records in the ledger what events on the bus say about jobs. */
import * as z from 'zod/mini';
import { APPLICATION_SOURCE, DETAIL_TYPE, EVENT_SOURCE, JOB_SUBMITTED } from '../contract.ts';
import { jobKey } from '../events/event-key.ts';
import { JobEventDetail, JobSubmittedDetail, OutputFailedDetail, OutputStoredDetail } from '../events/job-event.ts';
import { PipelineError } from '../shared/errors.ts';
import type { Log } from '../shared/ports.ts';
import type { LedgerFact } from './facts.ts';
import type { JobLedger } from './ports.ts';

const Envelope = z.looseObject({
  source: z.enum([EVENT_SOURCE, APPLICATION_SOURCE]),
  'detail-type': z.string(),
  time: z.iso.datetime(),
  detail: z.unknown(),
});

const Named = z.looseObject({ displayName: z.optional(z.nullable(z.string())) });
/** Not of a job that was only submitted. */
const Delivered = z.looseObject({ webhookId: z.optional(z.string()) });
const Typed = z.object({ 'detail-type': z.optional(z.string()), detail: z.optional(z.unknown()) });

/** An event as EventBridge delivers it to a queue. */
export interface QueuedEvent {
  readonly messageId: string;
  readonly body: string;
  /** When the bus handed it over. */
  readonly publishedAt: Date;
}

export interface RecordJobPorts {
  readonly ledger: Pick<JobLedger, 'record'>;
  readonly log: Pick<Log, 'error'>;
}

/**
 * Jobs at the same time, and of one job what the queue has of it one after the other.
 *
 * @returns the ids of the messages that must come again: what comes too often ends in the dead-letter queue
 */
export async function recordJobs(ports: RecordJobPorts, events: readonly QueuedEvent[]): Promise<readonly string[]> {
  const read = events.map((event) => ({ event, fact: toFact(event) }));
  const jobs = Map.groupBy(read, ({ event, fact }) => (fact === undefined ? event.messageId : jobKey(fact)));
  const failed = await Promise.all(
    [...jobs.values()].map(async (ofOneJob) => {
      const again: string[] = [];
      for (const { event, fact } of ofOneJob) {
        if (!(await record(ports, event, fact))) again.push(event.messageId);
      }
      return again;
    }),
  );
  return failed.flat();
}

async function record({ ledger, log }: RecordJobPorts, event: QueuedEvent, fact?: LedgerFact): Promise<boolean> {
  try {
    if (fact !== undefined) {
      await ledger.record(fact);
      return true;
    }
    const problem = { code: 'ERR_BODY_INVALID', reason: 'It is not an event that the rule would have sent' };
    log.error('The message was not recorded', { ...subjectOf(event), ...problem });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const { code, message: reason } = error;
    log.error('The message was not recorded', { ...subjectOf(event, fact), code, reason });
  }
  return false;
}

/** What a log line says about the message: of an event that makes no sense only its type. */
function subjectOf({ messageId, body }: QueuedEvent, fact?: LedgerFact) {
  const { 'detail-type': type, detail } = Typed.safeParse(parse(body)).data ?? {};
  if (fact === undefined) return { messageId, type };
  const { project, jobType, jobId } = fact;
  return { messageId, type, project, jobType, jobId, webhookId: Delivered.safeParse(detail).data?.webhookId };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Undefined for what is no event that the rule would have sent. */
function toFact({ body, publishedAt }: QueuedEvent): LedgerFact | undefined {
  try {
    const { source, 'detail-type': detailType, time, detail } = Envelope.parse(parse(body));
    // Each source speaks for itself only: an application cannot say that outputs are stored.
    if (source === APPLICATION_SOURCE) {
      return detailType === JOB_SUBMITTED ? submitted(JobSubmittedDetail.parse(detail)) : undefined;
    }
    if (detailType === DETAIL_TYPE.outputStored) return stored(OutputStoredDetail.parse(detail));
    if (detailType === DETAIL_TYPE.outputFailed) return failed(OutputFailedDetail.parse(detail), new Date(time));
    const { displayName } = Named.parse(detail);
    return announced(JobEventDetail.parse(detail), displayName ?? undefined, publishedAt);
  } catch {
    return undefined;
  }
}

function submitted(detail: JobSubmittedDetail): LedgerFact {
  const { project, jobType, jobId, submittedAt, userMetadata, displayName } = detail;
  return {
    kind: 'submitted',
    ...{ project, jobType, jobId, userMetadata },
    submittedAt: new Date(submittedAt),
    displayName: displayName ?? undefined,
  };
}

function announced(detail: JobEventDetail, displayName: string | undefined, publishedAt: Date): LedgerFact | undefined {
  const { project, jobType, jobId, webhookId, type, origin, userMetadata } = detail;
  if (jobType === 'other' || jobId === null) return undefined;
  return {
    kind: 'announced',
    ...{ project, jobType, jobId, webhookId, origin, userMetadata, displayName, publishedAt },
    eventType: type,
    endedAt: new Date(detail.occurredAt),
    deliveredAt: new Date(detail.receivedAt),
  };
}

function stored(detail: OutputStoredDetail): LedgerFact {
  const { project, jobType, jobId, manifestKey, createdAt } = detail;
  return {
    kind: 'stored',
    ...{ project, jobType, jobId, manifestKey },
    createdAt: createdAt === null ? undefined : new Date(createdAt),
    fetchStartedAt: new Date(detail.fetchStartedAt),
    storedAt: new Date(detail.storedAt),
  };
}

function failed(detail: OutputFailedDetail, failedAt: Date): LedgerFact {
  const { project, jobType, jobId, code, retryable, manifestKey } = detail;
  return {
    kind: 'failed',
    ...{ project, jobType, jobId, code, retryable, failedAt },
    manifestKey: manifestKey ?? undefined,
  };
}
