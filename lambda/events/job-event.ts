/**
 * The events on the bus: one definition from which the validation at run time and (by `toJSONSchema`) the published schemas
 * come. What each field means is said in event-types.ts, which consumers import.
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
import type * as types from '../event-types.ts';
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
  project: z._default(z.string(), DEFAULT_PROJECT),
  webhookId: z.string(),
  type: z.string(),
  jobType: z.enum(JOB_TYPES),
  jobId: z.nullable(z.string()),
  status: z.string(),
  occurredAt: timestamp,
  receivedAt: timestamp,
  origin: z.enum(['webhook', 'reconciler']),
  scheme: z.enum(SCHEMES),
  verifiedJob: z._default(z.boolean(), false),
  displayName: z._default(z.nullable(z.string()), null),
  userMetadata: z.record(z.string(), z.unknown()),
  data: z.record(z.string(), z.unknown()),
});
export type JobEventDetail = types.JobEventDetail;

/** A job event for a fetcher: its type has one, and its id is known. */
export type FetchableEvent = JobEventDetail & { readonly jobType: FetchedJobType; readonly jobId: string };

/** What both announcements about a job's outputs say. */
const outputDetail = {
  schemaVersion: z.literal(SCHEMA_VERSION),
  project: z.string(),
  jobType: z.enum(FETCHED_JOB_TYPES),
  jobId: z.string(),
  webhookId: z.string(),
  type: z.string(),
  userMetadata: z.record(z.string(), z.unknown()),
  displayName,
};

/** `detail` of `output.stored`: the job's outputs, or the account of its failure at Gemini, are complete in S3. */
export const OutputStoredDetail = z.object({
  ...outputDetail,
  status: z.string(),
  bucket: z.string(),
  prefix: z.string(),
  manifestKey: z.string(),
  objectCount: z.int(),
  bytes: z.int(),
  notes: z._default(z.array(z.string()), []),
  createdAt: z.nullable(timestamp),
  endedAt: z.nullable(timestamp),
  fetchStartedAt: timestamp,
  storedAt: timestamp,
});
export type OutputStoredDetail = types.OutputStoredDetail;

/** `detail` of `output.failed`: the outputs will not come. */
export const OutputFailedDetail = z.object({
  ...outputDetail,
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  verifiedJob: z._default(z.boolean(), false),
  bucket: z.string(),
  manifestKey: z.nullable(z.string()),
});
export type OutputFailedDetail = types.OutputFailedDetail;

/** `detail` of `job.submitted`: an application created a job, of which no webhook has come yet. */
export const JobSubmittedDetail = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  project: z._default(z.string(), DEFAULT_PROJECT),
  jobType: z.enum(FETCHED_JOB_TYPES),
  jobId: z.string().check(z.regex(/^[A-Za-z0-9._/-]{1,512}$/)),
  submittedAt: timestamp,
  userMetadata: z._default(z.record(z.string(), z.unknown()), {}),
  displayName: z._default(z.nullable(z.string()), null),
});
export type JobSubmittedDetail = types.JobSubmittedDetail;

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

/** Which event it is, for a log line. */
export function jobLogFields({ project, webhookId, type, jobType, jobId }: BusEvent['detail']) {
  return { project, webhookId, type, jobType, jobId };
}
