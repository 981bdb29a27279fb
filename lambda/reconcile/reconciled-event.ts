/** The event of a job whose webhook did not come. */
import { type FetchedJobType, SCHEMA_VERSION } from '../contract.ts';
import { eventKey, usualType, withoutCollection } from '../events/event-key.ts';
import type { JobEventDetail } from '../events/job-event.ts';
import type { Failure } from '../events/manifest.ts';

export interface EndedJob {
  readonly project: string;
  readonly jobType: FetchedJobType;
  /** The resource's own name. */
  readonly jobName: string;
  /** E.g. `succeeded`. */
  readonly status: string;
  readonly endedAt: Date | undefined;
  readonly error: Failure | null;
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly displayName: string | null;
}

/** As Gemini would have said it. `batch.cancelled` and `interaction.cancelled` are on its page, and never pushed. */
export function eventTypeOf({ jobType, status }: Pick<EndedJob, 'jobType' | 'status'>): string {
  return usualType(`${jobType}.${status}`);
}

export function toReconciledEvent(job: EndedJob, now: Date): JobEventDetail {
  const { project, jobType, jobName, error } = job;
  const type = eventTypeOf(job);
  const id = withoutCollection(jobType, jobName);
  const detail = { project, scheme: 'api', type, jobType, jobId: jobName } as const;
  return {
    schemaVersion: SCHEMA_VERSION,
    ...detail,
    webhookId: `api#${eventKey({ ...detail, webhookId: '' })}`,
    status: type.slice(type.lastIndexOf('.') + 1),
    occurredAt: (job.endedAt ?? now).toISOString(),
    receivedAt: now.toISOString(),
    origin: 'reconciler',
    verifiedJob: true,
    userMetadata: { ...job.userMetadata },
    displayName: job.displayName,
    data: { id, ...(error && { error_code: error.code, error_message: error.message }) },
  };
}
