/**
 * What the stack, the functions and the local run must agree on: names on the wire, on the bus, in the environment
 * and in the metrics. Imports nothing, so that everybody may import it.
 */

/** Written into every manifest; a test holds it to package.json. */
export const VERSION = '0.1.0';

/** `source` of every event that this project puts on the bus. */
export const EVENT_SOURCE = 'gemini.webhooks';

/** Version of the event detail; it changes only when a consumer could break. */
export const SCHEMA_VERSION = '1';

/** Job types that have a fetcher; everything else that Gemini may send is `other`. */
export const FETCHED_JOB_TYPES = ['batch', 'interaction', 'video'] as const;
export type FetchedJobType = (typeof FETCHED_JOB_TYPES)[number];
export const JOB_TYPES = [...FETCHED_JOB_TYPES, 'other'] as const;
export type JobType = (typeof JOB_TYPES)[number];

/** Detail-types of our own; those of Gemini's events are Gemini's event types. */
export const DETAIL_TYPE = { outputStored: 'output.stored', outputFailed: 'output.failed' } as const;

/** Where Gemini posts to. Route keys of the HTTP API; the token binds a dynamic delivery to this deployment. */
export const ROUTE = {
  static: 'POST /webhooks/gemini',
  dynamic: 'POST /webhooks/gemini/dynamic/{token}',
} as const;

/** Environment variables of the functions. The two URLs are never in a template: only tests and the local run set them. */
export const ENV = {
  tableName: 'TABLE_NAME',
  eventBusName: 'EVENT_BUS_NAME',
  bucketName: 'BUCKET_NAME',
  signingSecretId: 'SIGNING_SECRET_ID',
  dynamicTokenSecretId: 'DYNAMIC_TOKEN_SECRET_ID',
  apiKeySecretId: 'API_KEY_SECRET_ID',
  jwtAudiences: 'JWT_AUDIENCES',
  recordTtlSeconds: 'RECORD_TTL_SECONDS',
  leaseSeconds: 'LEASE_SECONDS',
  maxOutputBytes: 'MAX_OUTPUT_BYTES',
  queueUrl: 'QUEUE_URL',
  maxReceiveCount: 'MAX_RECEIVE_COUNT',
  geminiUrl: 'GEMINI_URL',
  jwksUrl: 'GEMINI_JWKS_URL',
} as const;

/** Namespace of the CloudWatch metrics that the functions write (EMF). */
export const METRIC_NAMESPACE = 'GeminiWebhooks';

export const METRIC = {
  /** One per delivery, dimension `outcome`: accepted, duplicate, in-progress, or a rejection's code. */
  deliveries: 'Deliveries',
  /** The same webhook id arrived with other bytes: the producer broke its promise, or somebody holds a secret. */
  payloadMismatch: 'PayloadMismatch',
  /** An accepted event that could not be marked COMPLETED: a duplicate of it may be published again. */
  completeFailed: 'CompleteFailed',
  /** Verification went on with keys or secrets that could not be refreshed. */
  staleKeysServed: 'StaleKeysServed',
  /** Jobs landed, failed for good, or put back, dimension `jobType`. */
  outputsStored: 'OutputsStored',
  outputsFailed: 'OutputsFailed',
  outputsRetried: 'OutputsRetried',
  bytesStored: 'BytesStored',
  /** Seconds from the job's end at Gemini to its manifest. */
  landingSeconds: 'LandingSeconds',
} as const;
export type MetricName = (typeof METRIC)[keyof typeof METRIC];

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
  receivedAt: 'received_at',
  attempts: 'attempts',
} as const;

/** The last object of a landing, written once. Objects beside which it is missing are unfinished. */
export const MANIFEST_NAME = 'manifest.json';
