/**
 * For applications that create jobs: says so on the bus, so that a job is known before its webhook, and what the application
 * knows of it stands in every later event. Batches are found without; interactions and video operations, which Gemini does
 * not list, only so.
 */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  APPLICATION_SOURCE,
  DEFAULT_PROJECT,
  type FetchedJobType,
  JOB_SUBMITTED,
  MAX_METADATA_BYTES,
  SCHEMA_VERSION,
  SUBMIT_ENV,
} from './contract.ts';
import type { JobSubmittedDetail } from './event-types.ts';

export interface SubmittedJob {
  readonly jobType: FetchedJobType;
  /** As the API answered it: `batches/<id>`, the interaction's `id`, or the operation's `name`. */
  readonly jobId: string;
  /** Name of the Gemini project, as configured. @default 'default' */
  readonly project?: string;
  /** @default - now */
  readonly submittedAt?: Date;
  /** Stands in every later event and manifest of the job; at most 8 KiB as JSON. */
  readonly userMetadata?: Readonly<Record<string, unknown>>;
  /** The job's `displayName`. @default - none */
  readonly displayName?: string | undefined;
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
 *
 * @example In a function for which the stack called `webhooks.addJobSubmission(yourFunction)`
 * ```ts
 * import { createJobAnnouncer } from 'gemini-webhooks-client/submit-job';
 *
 * const announce = createJobAnnouncer();
 *
 * export async function handler({ interactionId }: { interactionId: string }): Promise<void> {
 *   await announce({ jobType: 'interaction', jobId: interactionId, userMetadata: { ticket: 'ABC-1' } });
 * }
 * ```
 */
export function createJobAnnouncer(options: JobAnnouncerOptions = {}): (job: SubmittedJob) => Promise<void> {
  const EventBusName = options.eventBusName ?? process.env[SUBMIT_ENV.eventBusName];
  if (!EventBusName) {
    throw new Error(
      "Missing: eventBusName. Call addJobSubmission(function) of the GeminiWebhooks construct, or pass it from the stack's outputs.",
    );
  }
  const client = options.client ?? new EventBridgeClient();
  return async ({ jobType, jobId, project = DEFAULT_PROJECT, submittedAt = new Date(), ...known }) => {
    const { userMetadata = {}, displayName = null } = known;
    checkSize(userMetadata);
    const detail: JobSubmittedDetail = {
      schemaVersion: SCHEMA_VERSION,
      ...{ project, jobType, jobId },
      submittedAt: submittedAt.toISOString(),
      userMetadata: { ...userMetadata },
      displayName,
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

/** What is used here of `CreateBatchJobParameters` of @google/genai. */
interface BatchRequest {
  readonly config?: {
    readonly displayName?: string;
    readonly httpOptions?: object;
    readonly webhookConfig?: { readonly userMetadata?: Record<string, unknown> };
  };
}
/** What is used here of its `BatchJob`. */
interface CreatedBatch {
  readonly name?: string;
  readonly displayName?: string;
}

export interface SubmitBatchOptions {
  /** @default - `createJobAnnouncer()` */
  readonly announce?: (job: SubmittedJob) => Promise<void>;
  /** Name of the Gemini project, as configured. @default 'default' */
  readonly project?: string;
}

/** The batch exists, and must not be created again; only what is known of it did not reach the bus. */
export class BatchNotAnnouncedError<Batch extends CreatedBatch = CreatedBatch> extends Error {
  readonly batch: Batch;

  constructor(batch: Batch, options: ErrorOptions) {
    super(
      `The batch ${batch.name ?? ''} was created, but its metadata did not reach the bus. Do not create it again: announce it.`,
      options,
    );
    this.name = 'BatchNotAnnouncedError';
    this.batch = batch;
  }
}

/**
 * Creates a batch, and has every later event and manifest of it carry `userMetadata`, however its end is learned. Gemini
 * refuses metadata on batches (googleapis/go-genai#779): what stands in `config.webhookConfig` is kept here and not sent.
 *
 * @param ai a client of @google/genai; the batch is created once, whatever the client's options about retries
 * @throws BatchNotAnnouncedError with the batch, when the bus does not take the event
 *
 * @example
 * ```ts
 * import { GoogleGenAI } from '@google/genai';
 * import { BatchNotAnnouncedError, createJobAnnouncer, submitBatch } from 'gemini-webhooks-client/submit-job';
 *
 * const ai = new GoogleGenAI({ apiVersion: 'v1beta' });
 * const request = {
 *   model: 'gemini-2.5-flash',
 *   src: [{ contents: [{ role: 'user', parts: [{ text: 'Say hello.' }] }] }],
 * };
 *
 * export async function handler(): Promise<void> {
 *   try {
 *     await submitBatch(ai, request, { team: 'search' });
 *   } catch (error) {
 *     if (!(error instanceof BatchNotAnnouncedError)) throw error;
 *     await createJobAnnouncer()({ jobType: 'batch', jobId: error.batch.name ?? '', userMetadata: { team: 'search' } });
 *   }
 * }
 * ```
 */
export async function submitBatch<Request extends BatchRequest, Batch extends CreatedBatch>(
  ai: { readonly batches: { create(request: Request): Promise<Batch> } },
  request: Request,
  userMetadata: Readonly<Record<string, unknown>> = {},
  options: SubmitBatchOptions = {},
): Promise<Batch> {
  const { announce = createJobAnnouncer(), project = DEFAULT_PROJECT } = options;
  const { webhookConfig, ...config } = request.config ?? {};
  const { userMetadata: refused, ...webhook } = webhookConfig ?? {};
  const metadata = { ...refused, ...userMetadata };
  // Whatever would fail must fail before there is a batch.
  checkSize(metadata);
  const batch = await ai.batches.create({
    ...request,
    config: {
      ...config,
      ...(webhookConfig && { webhookConfig: webhook }),
      // A create whose answer was lost would make a second batch.
      httpOptions: { ...config.httpOptions, retryOptions: { attempts: 1 } },
    },
  });
  try {
    const { name: jobId = '', displayName = config.displayName } = batch;
    await announce({ jobType: 'batch', jobId, project, userMetadata: metadata, displayName });
  } catch (cause) {
    throw new BatchNotAnnouncedError(batch, { cause });
  }
  return batch;
}

/** More of it the job ledger does not keep. */
function checkSize(userMetadata: Readonly<Record<string, unknown>>): void {
  const bytes = Buffer.byteLength(JSON.stringify(userMetadata));
  if (bytes <= MAX_METADATA_BYTES) return;
  throw new RangeError(`userMetadata is ${bytes} bytes as JSON; give at most ${MAX_METADATA_BYTES}.`);
}
