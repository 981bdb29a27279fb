/**
 * The events on the bus: one definition from which the types, the validation at run time and (by `toJSONSchema`) the
 * published schemas come.
 */
import * as z from 'zod/mini';
import {
  DEFAULT_PROJECT,
  type DETAIL_TYPE,
  EVENT_SOURCE,
  FETCHED_JOB_TYPES,
  type FetchedJobType,
  JOB_TYPES,
  SCHEMA_VERSION,
} from '../contract.ts';
import { SIGNATURE_SCHEMES } from '../standard-webhooks/delivery.ts';

/** RFC 3339 in UTC, as `Date.prototype.toISOString` writes it. */
const timestamp = z.iso.datetime();

/** What the application called the job; null where neither the job nor the ledger has a name for it. */
const displayName = z._default(z.nullable(z.string()), null);

/** `api`: no delivery came, the job was read from Gemini's API with the project's own key. */
export const SCHEMES = [...SIGNATURE_SCHEMES, 'api'] as const;

/** `detail` of an event that Gemini reported; its detail-type is Gemini's event type. */
export const JobEventDetail = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  /** Name of the Gemini project, as configured. An archived event from before there were several has none. */
  project: z._default(z.string(), DEFAULT_PROJECT),
  /** The delivery's `webhook-id`; for a JWT the SHA-256 of its `jti`, else of the token; without a delivery `api#<event key>`. */
  webhookId: z.string(),
  /** Gemini's event type, e.g. `batch.succeeded`. */
  type: z.string(),
  jobType: z.enum(JOB_TYPES),
  /** `batches/<id>`, an interaction id or an operation name; null only when `jobType` is `other`. */
  jobId: z.nullable(z.string()),
  /** The last part of the type, e.g. `succeeded`. What Gemini says; the job resource has the last word. */
  status: z.string(),
  occurredAt: timestamp,
  receivedAt: timestamp,
  origin: z.enum(['webhook', 'reconciler']),
  scheme: z.enum(SCHEMES),
  /**
   * Whether the job is the project's own: its delivery was signed with the project's secret, or it was submitted, or read with
   * the project's key. Of others anybody with the dynamic URL may speak. An archived event from before has none.
   */
  verifiedJob: z._default(z.boolean(), false),
  /** As the resource has it, where it is known. */
  displayName: z._default(z.nullable(z.string()), null),
  userMetadata: z.record(z.string(), z.unknown()),
  /** The event's `data`, without what holds the token. URIs in it are hints and are never fetched. */
  data: z.record(z.string(), z.unknown()),
});
export type JobEventDetail = z.infer<typeof JobEventDetail>;

/** A job event for a fetcher: its type has one, and its id is known. */
export type FetchableEvent = JobEventDetail & { readonly jobType: FetchedJobType; readonly jobId: string };

/** What both announcements about a job's outputs say. */
const outputDetail = {
  schemaVersion: z.literal(SCHEMA_VERSION),
  /** Name of the Gemini project, as configured. */
  project: z.string(),
  jobType: z.enum(FETCHED_JOB_TYPES),
  jobId: z.string(),
  /** The delivery that caused the fetch. */
  webhookId: z.string(),
  /** Gemini's event type that caused the fetch. */
  type: z.string(),
  /** What the application submitted of the job, wherever it is known from. */
  userMetadata: z.record(z.string(), z.unknown()),
  displayName,
};

/** `detail` of `output.stored`: the job's outputs, or the account of its failure at Gemini, are complete in S3. */
export const OutputStoredDetail = z.object({
  ...outputDetail,
  /** The job's own final state, lower case without prefix: `succeeded`, `completed`, `failed`, `expired`, … */
  status: z.string(),
  bucket: z.string(),
  /** Ends with a slash. */
  prefix: z.string(),
  manifestKey: z.string(),
  /** Objects beside the manifest. */
  objectCount: z.int(),
  bytes: z.int(),
  /** Why something is missing, as far as it fits; all of them are in the manifest. */
  notes: z._default(z.array(z.string()), []),
  /** When Gemini began and ended the job, as far as its resource says. */
  createdAt: z.nullable(timestamp),
  endedAt: z.nullable(timestamp),
  fetchStartedAt: timestamp,
  storedAt: timestamp,
});
export type OutputStoredDetail = z.infer<typeof OutputStoredDetail>;

/** `detail` of `output.failed`: the outputs will not come. */
export const OutputFailedDetail = z.object({
  ...outputDetail,
  /** `ERR_JOB_NOT_OURS`, `ERR_OUTPUT_GONE`, … */
  code: z.string(),
  message: z.string(),
  /** Whether asking again (a redrive) can help. */
  retryable: z.boolean(),
  /** Whether the job is the project's own, as in the event that caused the fetch. */
  verifiedJob: z._default(z.boolean(), false),
  bucket: z.string(),
  /** The failure's manifest; null when nothing could be learnt about the job, and so nothing was stored. */
  manifestKey: z.nullable(z.string()),
});
export type OutputFailedDetail = z.infer<typeof OutputFailedDetail>;

/** `detail` of `job.submitted`: an application created a job, of which no webhook has come yet. */
export const JobSubmittedDetail = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  /** Name of the Gemini project, as configured. */
  project: z._default(z.string(), DEFAULT_PROJECT),
  jobType: z.enum(FETCHED_JOB_TYPES),
  /** As the API answered it: `batches/<id>`, an interaction's id or an operation's name. */
  jobId: z.string().check(z.regex(/^[A-Za-z0-9._/-]{1,512}$/)),
  submittedAt: timestamp,
  /** Stands in every later event and manifest of the job, however its end was learned. */
  userMetadata: z._default(z.record(z.string(), z.unknown()), {}),
  /** The resource's `display_name`, if it has one. */
  displayName: z._default(z.nullable(z.string()), null),
});
export type JobSubmittedDetail = z.infer<typeof JobSubmittedDetail>;

/** An event as the publisher port takes it. */
export type BusEvent =
  | { readonly detailType: string; readonly time: Date; readonly detail: JobEventDetail }
  | { readonly detailType: typeof DETAIL_TYPE.outputStored; readonly time: Date; readonly detail: OutputStoredDetail }
  | { readonly detailType: typeof DETAIL_TYPE.outputFailed; readonly time: Date; readonly detail: OutputFailedDetail };

/** What EventBridge wraps around a detail; the part of it that a fetcher reads from its queue. */
export const JobEventEnvelope = z.object({
  source: z.literal(EVENT_SOURCE),
  'detail-type': z.string(),
  detail: JobEventDetail,
});
