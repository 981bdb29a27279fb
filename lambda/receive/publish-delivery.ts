/**
 * From a delivery that verified to its event on the bus, with what the ledger knows of the job. On the dynamic route Google's
 * signature does not say whose job it is: only the ledger does (decision 12).
 */
import { FETCHED_JOB_TYPES } from '../contract.ts';
import { fitted } from '../events/event-size.ts';
import { type JobEventDetail, jobLogFields } from '../events/job-event.ts';
import { onceFor, type PublishOncePorts, type PublishResult, publishOnce } from '../events/publish-once.ts';
import type { FindJob, FoundJob } from '../ledger/ports.ts';

export interface PublishDeliveryPorts extends PublishOncePorts {
  readonly findJob: FindJob;
}

/** @throws TransientError when the store or the bus is away; the ledger may be */
export async function publishDelivery(
  ports: PublishDeliveryPorts,
  detail: JobEventDetail,
  bodySha256: string,
): Promise<PublishResult> {
  // Beside the claim, because both take a journey to DynamoDB.
  const found = find(ports, detail);
  const { event, ...once } = onceFor(detail, bodySha256);
  return await publishOnce(ports, {
    ...once,
    event,
    complete: async () => ({ ...event, detail: withFound(detail, await found) }) as typeof event,
  });
}

/** Never rejects: an event without what the ledger knows is better than none. */
async function find(ports: PublishDeliveryPorts, detail: JobEventDetail): Promise<FoundJob | undefined> {
  const jobType = FETCHED_JOB_TYPES.find((type) => type === detail.jobType);
  if (jobType === undefined || detail.jobId === null) return undefined;
  try {
    return await ports.findJob({ project: detail.project, jobType, jobId: detail.jobId });
  } catch {
    ports.log.warn('The ledger was not read; the event says less of its job', jobLogFields(detail));
    return undefined;
  }
}

/** What the application said about its job counts more than what a delivery repeats. */
function withFound(detail: JobEventDetail, found: FoundJob | undefined): JobEventDetail {
  if (found === undefined) return detail;
  const userMetadata = { ...detail.userMetadata, ...found.userMetadata };
  return fitted({ ...detail, verifiedJob: true, displayName: found.displayName ?? detail.displayName, userMetadata });
}
