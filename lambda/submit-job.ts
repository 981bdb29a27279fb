/**
 * For applications that create jobs: says so on the bus, so that a job is known before its webhook. Batches are found
 * without; interactions and video operations, which Gemini does not list, only so.
 */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  APPLICATION_SOURCE,
  DEFAULT_SOURCE,
  type FetchedJobType,
  JOB_SUBMITTED,
  SCHEMA_VERSION,
  SUBMIT_ENV,
} from './contract.ts';
import type { JobSubmittedDetail } from './domain/job-event.ts';

export interface SubmittedJob {
  readonly jobType: FetchedJobType;
  /** As the API answered it: `batches/<id>`, the interaction's `id`, or the operation's `name`. */
  readonly jobId: string;
  /** Name of the Gemini project, as configured. @default 'default' */
  readonly source?: string;
  /** @default - now */
  readonly submittedAt?: Date;
  /** Stands in the job's event when that is published without a webhook; at most 8 KiB as JSON. */
  readonly userMetadata?: Readonly<Record<string, unknown>>;
}

export interface JobAnnouncerOptions {
  /**
   * Name or ARN of the deployment's event bus.
   *
   * @default - the environment variable GEMINI_WEBHOOKS_EVENT_BUS, which `addJobSubmission` of the construct sets
   */
  readonly eventBusName?: string;
  /** @default - a client for the environment's Region and credentials */
  readonly client?: Pick<EventBridgeClient, 'send'>;
}

/**
 * @returns what is called after each `create`; it rejects when the bus refuses the event
 * @throws Error that says which option is missing
 */
export function createJobAnnouncer(options: JobAnnouncerOptions = {}): (job: SubmittedJob) => Promise<void> {
  const EventBusName = options.eventBusName ?? process.env[SUBMIT_ENV.eventBusName];
  if (!EventBusName) {
    throw new Error(
      "Missing: eventBusName. Call addJobSubmission(function) of the GeminiWebhooks construct, or pass it from the stack's outputs.",
    );
  }
  const client = options.client ?? new EventBridgeClient();
  return async ({ jobType, jobId, source = DEFAULT_SOURCE, submittedAt = new Date(), userMetadata = {} }) => {
    const detail: JobSubmittedDetail = {
      schemaVersion: SCHEMA_VERSION,
      ...{ source, jobType, jobId },
      submittedAt: submittedAt.toISOString(),
      userMetadata: { ...userMetadata },
    };
    const entry = { EventBusName, Source: APPLICATION_SOURCE, DetailType: JOB_SUBMITTED };
    const { FailedEntryCount, Entries } = await client.send(
      new PutEventsCommand({ Entries: [{ ...entry, Detail: JSON.stringify(detail) }] }),
    );
    // PutEvents answers 200 for entries that it refused (API reference, PutEvents, "Entries").
    if (FailedEntryCount === 0) return;
    throw new Error(`The bus ${EventBusName} refused the event: ${Entries?.[0]?.ErrorCode ?? 'unknown'}. Try again.`);
  };
}
