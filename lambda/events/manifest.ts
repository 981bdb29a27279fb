/** The account of a fetch: the last object that is written, and written once. */
import * as z from 'zod/mini';
import { DEFAULT_PROJECT, FETCHED_JOB_TYPES, SCHEMA_VERSION } from '../contract.ts';
import { SCHEMES } from './job-event.ts';

const timestamp = z.iso.datetime();

/** What went wrong, in Gemini's words or in ours. */
const Failure = z.object({ code: z.string(), message: z.string() });
export type Failure = z.infer<typeof Failure>;

export const ManifestObject = z.object({
  key: z.string(),
  bytes: z.int(),
  /** Hex. */
  sha256: z.string(),
  contentType: z.string(),
  /** `files/<id>`, or `job#<JSON Pointer>` (RFC 6901) of where it stood in the job resource. */
  origin: z.string(),
});
export type ManifestObject = z.infer<typeof ManifestObject>;

export const Manifest = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  /** `stored`: everything that the job has is here. `failed`: its outputs could not be fetched, see `error`. */
  outcome: z.enum(['stored', 'failed']),
  /** Name of the Gemini project, as configured. */
  project: z._default(z.string(), DEFAULT_PROJECT),
  /** The event that caused the fetch. */
  event: z.object({
    webhookId: z.string(),
    type: z.string(),
    scheme: z.enum(SCHEMES),
    origin: z.string(),
    occurredAt: timestamp,
    receivedAt: timestamp,
  }),
  job: z.object({
    type: z.enum(FETCHED_JOB_TYPES),
    /** The resource's own name. */
    id: z.string(),
    /** Lower case, without prefix: `succeeded`, `completed`, `failed`, … */
    status: z.string(),
    model: z.nullable(z.string()),
    displayName: z._default(z.nullable(z.string()), null),
    createdAt: z.nullable(timestamp),
    endedAt: z.nullable(timestamp),
  }),
  /** What the application submitted of the job, wherever it is known from. */
  userMetadata: z._default(z.record(z.string(), z.unknown()), {}),
  /** Token counts as the job resource has them. */
  usage: z.nullable(z.record(z.string(), z.unknown())),
  /** The job's own error, or why its outputs could not be fetched. */
  error: z.nullable(Failure),
  objects: z.array(ManifestObject),
  /** `objects` and `bytes` always; per job type `requests`, `failedRequests`, `lines`, `lineErrors`, `filtered`. */
  counts: z.catchall(z.object({ objects: z.int(), bytes: z.int() }), z.int()),
  /** Why something is missing, e.g. the reasons of a safety filter. */
  notes: z.array(z.string()),
  timings: z.object({ startedAt: timestamp, finishedAt: timestamp }),
  fetcher: z.object({ version: z.string() }),
});
export type Manifest = z.infer<typeof Manifest>;
