/**
 * What the use cases need from the outside, in their own words: no AWS type, no HTTP code. Adapters implement these;
 * tests pass fakes that run the same contract suites.
 */
import type { METRIC_SERIES, MetricName, SubscribableEvent } from '../contract.ts';
import type { VerifiedDelivery } from '../domain/delivery.ts';
import type { BusEvent } from '../domain/job-event.ts';
import type { LedgerEntry, LedgerFact, LedgerJob, LedgerPage, LedgerQuery, SweepCursor } from '../domain/job-ledger.ts';
import type { LandingProgress } from '../domain/landing-progress.ts';
import type { Manifest } from '../domain/manifest.ts';

/** The only source of time. */
export type Clock = () => Date;

/** Resolves after that time. */
export type Wait = (milliseconds: number) => Promise<void>;

/** What the store must know to claim a delivery. */
export interface DeliveryClaim {
  /** Idempotency key, see `eventKey`. */
  readonly id: string;
  /** By which delivery the event came: the scheme, `#`, the webhook id. */
  readonly delivery: string;
  /** Unique to this attempt; only the owner of a lease completes or releases it. */
  readonly owner: string;
  readonly eventType: string;
  readonly jobId: string | null;
  /** Hex. */
  readonly bodySha256: string;
  readonly receivedAt: Date;
}

export type ClaimResult =
  /** The lease is ours. `attempts` counts from 1. */
  | { readonly outcome: 'claimed'; readonly attempts: number }
  /** The event is on the bus already. */
  | {
      readonly outcome: 'completed';
      readonly delivery: string;
      readonly bodySha256: string;
      /** By the delivery that claimed it. */
      readonly receivedAt: Date;
    }
  /** Somebody else holds the lease until `leaseEndsAt`. */
  | { readonly outcome: 'in-progress'; readonly leaseEndsAt: Date };

/**
 * The idempotency records. Every method throws `TransientError('ERR_STORE_UNAVAILABLE')` when the store cannot be
 * reached; a call that timed out may have taken effect all the same.
 */
export interface DeliveryStore {
  /** Takes the lease unless the record is COMPLETED or leased, where an expired record or lease counts as absent. */
  claim(claim: DeliveryClaim, now: Date): Promise<ClaimResult>;
  /** Marks the record COMPLETED; false when the lease is no longer the owner's. */
  complete(id: string, owner: string, now: Date): Promise<boolean>;
  /** Gives the lease back at once, so that the next attempt need not wait for it; no-op when it is not the owner's. */
  release(id: string, owner: string): Promise<void>;
}

export interface EventPublisher {
  /** Resolves only when the bus accepted the event. @throws TransientError `ERR_PUBLISH_FAILED` */
  publish(event: BusEvent): Promise<void>;
}

/**
 * Keys that change while the function is warm. Both methods throw `TransientError('ERR_KEYS_UNAVAILABLE')` only when
 * there is nothing that may be used at all.
 */
export interface KeySource<Key> {
  /** The cached keys; loads them when there are none or they are too old. */
  current(): Promise<readonly Key[]>;
  /**
   * Asked for after `seen` (the array that `current` gave) did not match. Undefined when nothing newer is to be had:
   * the cooldown runs, or the source is away.
   */
  refreshed(seen: readonly Key[]): Promise<readonly Key[] | undefined>;
}

export interface Metrics {
  /** Adds `value` (default 1) to a count, under one set of dimensions. */
  count<Name extends MetricName>(name: Name, dimension?: Dimensions<Name>, value?: number): void;
  /** One observation of a duration in seconds. */
  seconds<Name extends MetricName>(name: Name, value: number, dimension: Dimensions<Name>): void;
}
/** Exactly those that alarms and dashboard look at. */
type Dimensions<Name extends MetricName> = {
  readonly [name in (typeof METRIC_SERIES)[Name]['dimensions'][number]]: string;
};

/** Structured log lines. Fields are ids, codes, counts and times: never a secret, token, signature or body. */
export interface Log {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}
interface LogFields {
  readonly [name: string]: string | number | boolean | null | undefined;
}

/** RS256 JWT, as Google's page documents dynamic webhooks. */
export interface JwtVerifier {
  /** @throws RequestError `ERR_SIGNATURE_MISMATCH`; TransientError `ERR_KEYS_UNAVAILABLE` */
  verify(token: string, now: Date): Promise<Omit<VerifiedDelivery, 'source'>>;
}

/** The body of an answer that holds. Reading it may throw what `Gemini`'s methods throw, or `ERR_OUTPUT_TRUNCATED`. */
export interface Download {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Of the chunks, as the server announced it; undefined when it did not. */
  readonly bytes: number | undefined;
}

/** The rest of a file, or all of it. */
export interface FileDownload extends Download {
  /** Where in the file the chunks begin: 0, or what was asked for. */
  readonly offset: number;
  /** Of the whole file; undefined when the server did not say. */
  readonly total: number | undefined;
  /** Of the file; undefined when it has none. */
  readonly etag: string | undefined;
}

/**
 * Gemini's API, read with the account's own key. Both methods throw `TransientError` for whatever may hold later.
 * Undefined means that the key may not see the thing: it is gone, was never there, or is somebody else's.
 */
export interface Gemini {
  /** @param path below the API version, e.g. `batches/abc` */
  get(path: string, signal: AbortSignal): Promise<Download | undefined>;
  /**
   * The bytes of a file. @param fileId without `files/`
   * @param offset asks for the rest from there; a server that does not know ranges answers with the whole
   */
  download(fileId: string, signal: AbortSignal, offset?: number): Promise<FileDownload | undefined>;
}

/** Sees the bytes of an object in order, and can be put away and taken up again between two parts. */
export interface ByteObserver {
  write(chunk: Uint8Array): void;
  save(): string;
}

/** An upload after its last part that is in the store: with it, another process goes on. */
export interface UploadState {
  readonly uploadId: string;
  /** One for each part, in order. */
  readonly etags: readonly string[];
  readonly bytes: number;
  /** State of the SHA-256, base64. */
  readonly sha256: string;
  readonly observer: string | undefined;
}

export interface ResumableOptions {
  /** Where to go on; undefined begins. */
  readonly from: UploadState | undefined;
  readonly observer: ByteObserver | undefined;
  /** Called when an upload begins, every 16 parts after, and before it is completed; the upload waits for it. */
  readonly checkpoint: (state: UploadState) => Promise<void>;
}

/** One object on its way. Nothing of it can be seen before `finish`. */
export interface OutputWriter {
  /** Resolves when there is room for more: at most two parts are in memory. */
  write(chunk: Uint8Array): Promise<void>;
  /** Done once and for all: repeated after its answer was lost, even by another process, it finds what is there. */
  finish(): Promise<{ readonly bytes: number; readonly sha256: string }>;
  /** Never rejects. */
  abort(): Promise<void>;
  /** Stops, and leaves the upload as it is; undefined when there is none. Never rejects. */
  suspend(): Promise<UploadState | undefined>;
}

/** Where outputs land. Every method throws `TransientError('ERR_STORE_UNAVAILABLE')`. */
export interface OutputStore {
  readonly bucket: string;
  open(key: string, contentType: string, signal: AbortSignal, resumable?: ResumableOptions): OutputWriter;
  /** Of an upload that nobody goes on with. Never rejects. */
  abort(key: string, uploadId: string): Promise<void>;
  readManifest(key: string): Promise<Manifest | undefined>;
  /** False when there is one already; it is left as it is. */
  writeManifest(key: string, manifest: Manifest): Promise<boolean>;
}

/** What is known of every job. Every method throws `TransientError('ERR_STORE_UNAVAILABLE')`. */
export interface JobLedger {
  tell(fact: LedgerFact): Promise<void>;
  /** By job key; what the ledger has never heard of is not there. At most 100. */
  find(jobs: readonly LedgerJob[]): Promise<ReadonlyMap<string, LedgerEntry>>;
  /** In the order of `due`. Its reads do not grow with the ledger. */
  list(query: LedgerQuery): Promise<LedgerPage>;
  /**
   * Asks for an awaited job again at another time; no-op when it is awaited no more.
   *
   * @param failingSince undefined when Gemini answered
   */
  postpone(job: LedgerJob, due: Date, failingSince?: Date): Promise<void>;
  readCursor(source: string): Promise<SweepCursor | undefined>;
  writeCursor(source: string, cursor: SweepCursor): Promise<void>;
}

/** Landings that did not end in one invocation. Every method throws `TransientError('ERR_STORE_UNAVAILABLE')`. */
export interface LandingStore {
  /** @param prefix of the landing's objects */
  load(prefix: string): Promise<LandingProgress | undefined>;
  save(prefix: string, progress: LandingProgress): Promise<void>;
  /** No-op when there is none. */
  forget(prefix: string): Promise<void>;
}

/** A static webhook as it stands at Gemini. */
export interface RegisteredWebhook {
  readonly id: string;
  readonly name: string | undefined;
  readonly uri: string;
  readonly events: readonly string[];
  /** `enabled`, `disabled`, `disabled_due_to_failed_deliveries`, or what Gemini may come to say. */
  readonly state: string;
  /** Those that sign now. */
  readonly secrets: readonly ShownSecret[];
}

interface ShownSecret {
  /** The last characters, which are all that Gemini shows; empty when it does not. */
  readonly ending: string;
  /** RFC 3339; undefined for one that signs until the next rotation. */
  readonly expiresAt: string | undefined;
}

/** What a webhook is to be. */
export interface WantedWebhook {
  readonly name: string;
  readonly uri: string;
  readonly events: readonly SubscribableEvent[];
}

/**
 * Gemini's management of static webhooks. Every method throws `ManagementError`; `mayHaveHappened` of a create, an update
 * or a rotation means that its answer was lost.
 */
export interface WebhookRegistry {
  list(): Promise<readonly RegisteredWebhook[]>;
  get(id: string): Promise<RegisteredWebhook | undefined>;
  /** Once and never again: a repeated create makes a second webhook. The secret is shown here and nowhere else. */
  create(wanted: WantedWebhook): Promise<{ readonly id: string; readonly secret: string }>;
  update(id: string, changes: Partial<WantedWebhook> & { readonly state?: 'enabled' }): Promise<void>;
  /** Resolves, too, when it is gone already. */
  delete(id: string): Promise<void>;
  /** The secret that signs from now on. Those before it sign as well for 24 hours. */
  rotate(id: string): Promise<string>;
}
