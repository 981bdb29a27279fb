/**
 * What the stack, the functions and the local run must agree on: names on the wire, on the bus, in the environment
 * and in the metrics. Imports the list of the job types alone, so that everybody may import it.
 */
import { type FetchedJobType, JOB_TYPE, type SubscribableEvent } from './job-types.ts';

export { type FetchedJobType, JOB_TYPE, type SubscribableEvent };

/** Written into every manifest; a test holds it to package.json. */
export const VERSION = '0.1.0';

/** `source` of every event that this project puts on the bus. */
export const EVENT_SOURCE = 'gemini.webhooks';

/** `source` of what applications put on the bus about the jobs that they submit. */
export const APPLICATION_SOURCE = 'gemini.applications';

/** Version of the event detail; it changes only when a consumer could break. */
export const SCHEMA_VERSION = '1';

/** Job types that have a fetcher; everything else that Gemini may send is `other`. */
export const FETCHED_JOB_TYPES = Object.keys(JOB_TYPE) as FetchedJobType[];
export const JOB_TYPES = [...FETCHED_JOB_TYPES, 'other'] as const;
export type JobType = (typeof JOB_TYPES)[number];

/** Detail-types of our own; those of Gemini's events are Gemini's event types. */
export const DETAIL_TYPE = { outputStored: 'output.stored', outputFailed: 'output.failed' } as const;

/** Detail-type by which an application says that it submitted a job. */
export const JOB_SUBMITTED = 'job.submitted';

/** The Gemini project of a deployment that has only one. */
export const DEFAULT_PROJECT = 'default';

/** Names of projects stand in URLs, S3 keys and metrics. */
export const PROJECT_NAME = /^(?=.{1,32}$)[a-z](?:-?[a-z0-9])*$/;

/**
 * Where Gemini posts to below the stage, whose name strangers cannot guess, as the HTTP API writes paths; the token binds a
 * dynamic delivery to this deployment.
 */
export function pathsOf(project: string): { readonly static: string; readonly dynamic: string } {
  const root = project === DEFAULT_PROJECT ? '/webhooks/gemini' : `/webhooks/gemini/projects/${project}`;
  return { static: root, dynamic: `${root}/dynamic/{token}` };
}

/** Characters of a token; its secret holds two, and the first is the one for URLs. */
export const TOKEN_LENGTH = 43;

/** Staging label of a secret's version: while the current one has it, nothing of before counts, because it leaked. */
export const REVOKES_PREVIOUS = 'REVOKES-PREVIOUS';

/** All that Gemini lets a webhook subscribe to; for anything else it answers 400. Cancellations are never pushed. */
export const SUBSCRIBABLE_EVENTS = FETCHED_JOB_TYPES.flatMap((jobType) =>
  JOB_TYPE[jobType].pushed.map((end) => `${jobType}.${end}` as SubscribableEvent),
);

/** Type of the custom resource that registers a webhook at Gemini. */
export const WEBHOOK_RESOURCE_TYPE = 'Custom::GeminiWebhook';

/** Environment variables of the functions. The last three are never in a template: only tests and the local run set them. */
export const ENV = {
  tableName: 'TABLE_NAME',
  ledgerTableName: 'LEDGER_TABLE_NAME',
  eventBusName: 'EVENT_BUS_NAME',
  bucketName: 'BUCKET_NAME',
  /** JSON, by project: the ids of the secrets that the function needs of it. */
  projects: 'PROJECTS',
  jwtAudiences: 'JWT_AUDIENCES',
  /** Header, and the secret that must stand in it; absent where Gemini posts to the API itself. */
  originHeader: 'ORIGIN_HEADER',
  originSecretId: 'ORIGIN_SECRET_ID',
  recordTtlSeconds: 'RECORD_TTL_SECONDS',
  leaseSeconds: 'LEASE_SECONDS',
  maxOutputBytes: 'MAX_OUTPUT_BYTES',
  queueUrl: 'QUEUE_URL',
  maxReceiveCount: 'MAX_RECEIVE_COUNT',
  /** Of the functions that look after one project. */
  project: 'PROJECT',
  apiKeySecretId: 'API_KEY_SECRET_ID',
  signingSecretId: 'SIGNING_SECRET_ID',
  dynamicTokenSecretId: 'DYNAMIC_TOKEN_SECRET_ID',
  webhookName: 'WEBHOOK_NAME',
  webhookUrl: 'WEBHOOK_URL',
  subscribedEvents: 'SUBSCRIBED_EVENTS',
  repairWebhook: 'REPAIR_WEBHOOK',
  /** Absent while nothing is quarantined. */
  quarantineTableName: 'QUARANTINE_TABLE_NAME',
  quarantineTtlSeconds: 'QUARANTINE_TTL_SECONDS',
  quarantineMaxPerHour: 'QUARANTINE_MAX_PER_HOUR',
  /** How long after its end a job's webhook may take before the job is announced without it. */
  graceSeconds: 'GRACE_SECONDS',
  /** How far back the reconciler looks. */
  horizonSeconds: 'HORIZON_SECONDS',
  /** Of a fetcher. */
  jobType: 'JOB_TYPE',
  /** How long Gemini keeps a job of the fetcher's type; of the reconciler, as JSON, a job of each type. */
  jobRetentionSeconds: 'JOB_RETENTION_SECONDS',
  /** Where custom resources may answer besides CloudFormation's own hosts; set by the local run alone. */
  responseHost: 'RESPONSE_HOST',
  geminiUrl: 'GEMINI_URL',
  jwksUrl: 'GEMINI_JWKS_URL',
} as const;

/** Of what an application knows of a job, as JSON. */
export const MAX_METADATA_BYTES = 8 * 1024;

/** Environment variable of applications that submit jobs; the construct sets it, `createJobAnnouncer` reads it. */
export const SUBMIT_ENV = { eventBusName: 'GEMINI_WEBHOOKS_EVENT_BUS' } as const;

/** Environment variables of applications that create jobs; the construct sets them, `createWebhookConfig` reads them. */
export const WEBHOOK_CONFIG_ENV = {
  webhookUrl: 'GEMINI_WEBHOOK_URL',
  tokenSecretId: 'GEMINI_WEBHOOK_TOKEN_SECRET_ID',
} as const;

/** The API's own host; tests and the local run put another in its place. */
export const GEMINI_URL = 'https://generativelanguage.googleapis.com';

/** Begins the namespace of the CloudWatch metrics that the functions write (EMF); the stack's name ends it. */
export const METRIC_NAMESPACE = 'GeminiWebhooks';

const OF_DELIVERIES = ['verifier', 'reverify'] as const;
const OF_PUBLISHING = [...OF_DELIVERIES, 'reconciler'] as const;
const OF_PROJECT = ['project'] as const;
const OF_TYPE = ['project', 'jobType'] as const;

/** Every metric: who writes it, and under which dimensions; `service`, which is who, is a dimension of all of them. */
export const METRIC_SERIES = {
  /** One per delivery; the outcome is accepted, duplicate, in-progress, or a rejection's code. */
  Deliveries: { services: ['verifier'], dimensions: ['project', 'outcome'] },
  /** The same webhook id arrived with other bytes: the producer broke its promise, or somebody holds a secret. */
  PayloadMismatch: { services: OF_PUBLISHING, dimensions: OF_PROJECT },
  /** An accepted event that could not be marked COMPLETED: a duplicate of it may be published again. */
  CompleteFailed: { services: OF_PUBLISHING, dimensions: OF_PROJECT },
  /** Verification went on with keys or secrets that could not be refreshed. */
  StaleKeysServed: { services: OF_DELIVERIES, dimensions: [] },
  /** Jobs stored, failed for good, or put back. */
  OutputsStored: { services: ['fetch'], dimensions: OF_TYPE },
  OutputsFailed: { services: ['fetch', 'reconciler'], dimensions: OF_TYPE },
  OutputsRetried: { services: ['fetch'], dimensions: OF_TYPE },
  BytesStored: { services: ['fetch'], dimensions: OF_TYPE },
  /** From the job's end at Gemini to its manifest; from the event's time where the job does not say when it ended. */
  SecondsToStore: { services: ['fetch'], dimensions: OF_TYPE },
  /** 1 when the webhook at Gemini is as it was deployed and enabled, else 0. */
  WebhookHealthy: { services: ['check-webhook'], dimensions: OF_PROJECT },
  /** What a health check found amiss. */
  WebhookFindings: { services: ['check-webhook'], dimensions: ['project', 'finding'] },
  /** Webhooks that a health check set right. */
  WebhookRepairs: { services: ['check-webhook'], dimensions: OF_PROJECT },
  /** Seconds since a secret was rotated. */
  SecretAge: { services: ['check-webhook'], dimensions: ['project', 'secret'] },
  /** Deliveries that did not verify and were kept. */
  Quarantined: { services: ['verifier'], dimensions: OF_PROJECT },
  /** The hour's limit was reached; once for each process and hour. */
  QuarantineFull: { services: ['verifier'], dimensions: OF_PROJECT },
  QuarantineFailed: { services: ['verifier'], dimensions: OF_PROJECT },
  /** Jobs that a run of the reconciler looked at; written by every run, also when it is 0. */
  JobsChecked: { services: ['reconciler'], dimensions: OF_PROJECT },
  /** Events that were published because no webhook had come; cancellations too. */
  EventsReconciled: { services: ['reconciler'], dimensions: OF_TYPE },
  /** Those of them for which Gemini should have pushed a webhook. */
  WebhooksMissed: { services: ['reconciler'], dimensions: OF_TYPE },
  /** Seconds since the end of the oldest job that has not been stored; 0 when there is none. */
  OldestUnstored: { services: ['reconciler'], dimensions: OF_TYPE },
  /** Seconds since the oldest job without an end was created; 0 when there is none. */
  OldestUnended: { services: ['reconciler'], dimensions: OF_TYPE },
  /** Jobs of a run about which no question to Gemini has been answered for an hour. */
  JobsUnanswered: { services: ['reconciler'], dimensions: OF_PROJECT },
  /** Runs in which Gemini refused its list of batches, or whoever asked. */
  LookupsRefused: { services: ['reconciler'], dimensions: OF_PROJECT },
  /** Events that were published again because the ledger had never heard of them. */
  EventsRepublished: { services: ['reconciler'], dimensions: OF_PROJECT },
} as const satisfies Readonly<Record<string, { services: readonly string[]; dimensions: readonly string[] }>>;
export type MetricName = keyof typeof METRIC_SERIES;

/** Attributes of an idempotency record; Powertools' names where it has one. */
export const RECORD = {
  id: 'id',
  status: 'status',
  owner: 'owner',
  inProgressExpiration: 'in_progress_expiration',
  expiration: 'expiration',
  eventType: 'event_type',
  jobId: 'job_id',
  bodySha256: 'body_sha256',
  delivery: 'delivery',
  receivedAt: 'received_at',
  attempts: 'attempts',
} as const;

/** Attributes of the job ledger: a job, or how far a reconciler came. */
export const LEDGER = {
  /** `job#<job key>` or `cursor#<project>`. */
  id: 'id',
  expiration: 'expiration',
  project: 'project',
  jobType: 'job_type',
  /** As the first who spoke of it spelt it. */
  jobId: 'job_id',
  /** Its state, project, type and shard, and since when or until when: the key of the index. */
  queue: 'queue',
  due: 'due',
  submittedAt: 'submitted_at',
  createdAt: 'created_at',
  endedAt: 'ended_at',
  deliveredAt: 'delivered_at',
  publishedAt: 'published_at',
  fetchStartedAt: 'fetch_started_at',
  storedAt: 'stored_at',
  failedAt: 'failed_at',
  closedAt: 'closed_at',
  eventType: 'event_type',
  webhookId: 'webhook_id',
  origin: 'origin',
  userMetadata: 'user_metadata',
  displayName: 'display_name',
  /** Of the fetch: how often its message was received, with which code it last went back, and until when. */
  attempts: 'attempts',
  lastCode: 'last_code',
  nextAttemptAt: 'next_attempt_at',
  /** Of the reconciler: when Gemini's list first showed it, since when no question about it was answered, … */
  listedAt: 'listed_at',
  failingSince: 'failing_since',
  /** … and when its event, of which nobody here had heard, was published again. */
  republishedAt: 'republished_at',
  failureCode: 'failure_code',
  manifestKey: 'manifest_key',
  /** JSON, of a cursor. */
  state: 'state',
} as const;
export const LEDGER_INDEX = 'jobs-by-state';
/**
 * Of each state, project and job type. A job of 1 KB costs its state some four writes (in, out, and two changes in between), and
 * DynamoDB takes 1,000 a second of each shard: 8 carry 2,000 jobs a second, and 220 with 8 KB of metadata. Each run of a
 * reconciler reads all of them, for every type and two states.
 */
export const LEDGER_SHARDS = 8;

/** Attributes of the quarantine: a delivery that did not verify, or the count of an hour. */
export const QUARANTINE = {
  id: 'id',
  project: 'project',
  kind: 'kind',
  receivedAt: 'received_at',
  headers: 'headers',
  body: 'body',
  expiration: 'expiration',
  count: 'count',
} as const;

/** How long Gemini keeps the files of a job after its end. https://ai.google.dev/gemini-api/docs/files */
export const FILE_RETENTION_SECONDS = 48 * 3600;
/** Message of the verifier's log line about a delivery of a form that it had not seen: names and lengths, no content. */
export const NEW_FORM_LOGGED = 'Delivery of a new form';

/** The last object of a fetch, written once. Objects beside which it is missing are unfinished. */
export const MANIFEST_NAME = 'manifest.json';
