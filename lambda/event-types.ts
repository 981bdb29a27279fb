/**
 * The types of the events and of the manifest, as consumers import them: without zod, so that a consumer needs none. The
 * definitions that validate are in job-event.ts and manifest.ts; a test holds the two to each other.
 */
import type { FetchedJobType, JobType, SCHEMA_VERSION } from './contract.ts';

type SchemaVersion = typeof SCHEMA_VERSION;
/** `api`: no delivery came, the job was read from Gemini's API with the project's own key. */
type Scheme = 'v1' | 'v1a' | 'jwt' | 'api';

/** `detail` of an event that Gemini reported; its detail-type is Gemini's event type. */
export type JobEventDetail = {
  schemaVersion: SchemaVersion;
  /** Name of the Gemini project, as configured. An archived event from before there were several has none. */
  project: string;
  /** The delivery's `webhook-id`; for a JWT the SHA-256 of its `jti`, else of the token; without a delivery `api#<event key>`. */
  webhookId: string;
  /** Gemini's event type, e.g. `batch.succeeded`. */
  type: string;
  jobType: JobType;
  /** `batches/<id>`, an interaction id or an operation name; null only when `jobType` is `other`. */
  jobId: string | null;
  /** The last part of the type, e.g. `succeeded`. What Gemini says; the job resource has the last word. */
  status: string;
  /** This time and every other is RFC 3339 in UTC, as `Date.prototype.toISOString` writes it. */
  occurredAt: string;
  receivedAt: string;
  origin: 'webhook' | 'reconciler';
  scheme: Scheme;
  /**
   * Whether the job is the project's own: its delivery was signed with the project's secret, or it was submitted, or read with
   * the project's key. Of others anybody with the dynamic URL may speak. An archived event from before has none.
   */
  verifiedJob: boolean;
  /** What the application called the job; null where neither the job nor the ledger has a name for it. */
  displayName: string | null;
  userMetadata: Record<string, unknown>;
  /** The event's `data`, without what holds the token. URIs in it are hints and are never fetched. */
  data: Record<string, unknown>;
};

/** What both announcements about a job's outputs say. */
type OutputDetail = {
  schemaVersion: SchemaVersion;
  /** Name of the Gemini project, as configured. */
  project: string;
  jobType: FetchedJobType;
  jobId: string;
  /** The delivery that caused the fetch. */
  webhookId: string;
  /** Gemini's event type that caused the fetch. */
  type: string;
  /** What the application submitted of the job, wherever it is known from. */
  userMetadata: Record<string, unknown>;
  displayName: string | null;
};

/** `detail` of `output.stored`: the job's outputs, or the account of its failure at Gemini, are complete in S3. */
export type OutputStoredDetail = OutputDetail & {
  /** The job's own final state, lower case without prefix: `succeeded`, `completed`, `failed`, `expired`, … */
  status: string;
  bucket: string;
  /** Ends with a slash. */
  prefix: string;
  manifestKey: string;
  /** Objects beside the manifest. */
  objectCount: number;
  bytes: number;
  /** Why something is missing, as far as it fits; all of them are in the manifest. */
  notes: string[];
  /** When Gemini began and ended the job, as far as its resource says. */
  createdAt: string | null;
  endedAt: string | null;
  fetchStartedAt: string;
  storedAt: string;
};

/** `detail` of `output.failed`: the outputs will not come. */
export type OutputFailedDetail = OutputDetail & {
  /** `ERR_JOB_NOT_OURS`, `ERR_OUTPUT_GONE`, … */
  code: string;
  message: string;
  /** Whether asking again (a redrive) can help. */
  retryable: boolean;
  /** Whether the job is the project's own, as in the event that caused the fetch. */
  verifiedJob: boolean;
  bucket: string;
  /** The failure's manifest; null when nothing could be learnt about the job, and so nothing was stored. */
  manifestKey: string | null;
};

/** `detail` of `job.submitted`: an application created a job, of which no webhook has come yet. */
export type JobSubmittedDetail = {
  schemaVersion: SchemaVersion;
  /** Name of the Gemini project, as configured. */
  project: string;
  jobType: FetchedJobType;
  /** As the API answered it: `batches/<id>`, an interaction's id or an operation's name. */
  jobId: string;
  submittedAt: string;
  /** Stands in every later event and manifest of the job, however its end was learned. */
  userMetadata: Record<string, unknown>;
  /** The resource's `display_name`, if it has one. */
  displayName: string | null;
};

/** What went wrong, in Gemini's words or in ours. */
export type Failure = { code: string; message: string };

export type ManifestObject = {
  key: string;
  bytes: number;
  /** Hex. */
  sha256: string;
  contentType: string;
  /** `files/<id>`, or `job#<JSON Pointer>` (RFC 6901) of where it stood in the job resource. */
  origin: string;
};

/** The content of `manifest.json`, the last object of a job. */
export type Manifest = {
  schemaVersion: SchemaVersion;
  /** `stored`: everything that the job has is here. `failed`: its outputs could not be fetched, see `error`. */
  outcome: 'stored' | 'failed';
  /** Name of the Gemini project, as configured. */
  project: string;
  /** The event that caused the fetch. */
  event: {
    webhookId: string;
    type: string;
    scheme: Scheme;
    origin: string;
    occurredAt: string;
    receivedAt: string;
  };
  job: {
    type: FetchedJobType;
    /** The resource's own name. */
    id: string;
    /** Lower case, without prefix: `succeeded`, `completed`, `failed`, … */
    status: string;
    model: string | null;
    displayName: string | null;
    createdAt: string | null;
    endedAt: string | null;
  };
  /** What the application submitted of the job, wherever it is known from. */
  userMetadata: Record<string, unknown>;
  /** Token counts as the job resource has them. */
  usage: Record<string, unknown> | null;
  /** The job's own error, or why its outputs could not be fetched. */
  error: Failure | null;
  objects: ManifestObject[];
  /** `objects` and `bytes` always; per job type `requests`, `failedRequests`, `lines`, `lineErrors`, `filtered`. */
  counts: { objects: number; bytes: number; [name: string]: number };
  /** Why something is missing, e.g. the reasons of a safety filter. */
  notes: string[];
  timings: { startedAt: string; finishedAt: string };
  fetcher: { version: string };
};
