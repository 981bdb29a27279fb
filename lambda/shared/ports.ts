/**
 * What the use cases need from the outside, in their own words: no AWS type, no HTTP code. Adapters implement these;
 * tests pass fakes that run the same contract suites.
 */
import type { METRIC_SERIES, MetricName, SubscribableEvent } from '../contract.ts';
import type { VerifiedDelivery } from '../standard-webhooks/delivery.ts';
import type { BusEvent } from '../events/job-event.ts';
import type { LedgerEntry, LedgerFact, LedgerJob, LedgerPage, LedgerQuery, SweepCursor } from '../ledger/facts.ts';
import type { Manifest } from '../events/manifest.ts';

/** The only project of time. */
export type Clock = () => Date;

/** Resolves after that time. */
export type Wait = (milliseconds: number) => Promise<void>;

/** What the store must know to claim a delivery. */
export interface EventClaim {
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
export interface IdempotencyStore {
  /** Takes the lease unless the record is COMPLETED or leased, where an expired record or lease counts as absent. */
  claim(claim: EventClaim, now: Date): Promise<ClaimResult>;
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
   * the cooldown runs, or the project is away.
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
  verify(token: string, now: Date): Promise<Omit<VerifiedDelivery, 'project'>>;
}

/** The body of an answer that holds. Reading it may throw what `Gemini`'s methods throw, or `ERR_OUTPUT_TRUNCATED`. */
export interface Download {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Of the chunks, as the server announced it; undefined when it did not. */
  readonly bytes: number | undefined;
}

/** A file of Gemini's, or its beginning. */
export interface FileDownload extends Download {
  /** Of the whole file; undefined when the server did not say. */
  readonly total: number | undefined;
  /**
   * Where the chunks are the beginning only: reads so many bytes from there on, in as many calls at a time as one likes.
   * Undefined when they would not be of the same file, or not those.
   */
  readonly readRange:
    | ((start: number, length: number, signal: AbortSignal) => Promise<Download | undefined>)
    | undefined;
}

/**
 * Gemini's API, read with the account's own key. Both methods throw `TransientError` for whatever may hold later, refusals
 * of the key and of the caller included. Undefined is a word about the thing that was asked for: it is gone, was never
 * there, is not there yet, or is somebody else's.
 */
export interface Gemini {
  /** @param path below the API version, e.g. `batches/abc` */
  get(path: string, signal: AbortSignal): Promise<Download | undefined>;
  /**
   * The bytes of a file. @param fileId without `files/`
   * @param length asks for so many bytes from the beginning; a server that knows no ranges answers with the whole file
   */
  download(fileId: string, signal: AbortSignal, length?: number): Promise<FileDownload | undefined>;
}

/** Sees the bytes of an object in order. */
export interface ByteObserver {
  write(chunk: Uint8Array): void;
}

export interface WrittenObject {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** One object on its way. Nothing of it can be seen before `finish`. Either in one stream or in parts, never both. */
export interface OutputWriter {
  /** Resolves when there is room for more: at most two parts are in memory. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * The part of this index, from 0, in a buffer of `partBytes` that `fill` fills; all but the last are whole. So many parts
   * are in memory as there are calls at a time, none of which may leave out an index before its own.
   *
   * @param fill gives back how many bytes it put there
   */
  writePart(index: number, fill: (buffer: Buffer) => Promise<number>): Promise<void>;
  /** Undefined when another object has its place: no object is ever replaced. */
  finish(): Promise<WrittenObject | undefined>;
  /** Never rejects. */
  abort(): Promise<void>;
}

/** Where outputs land. Every method throws `TransientError('ERR_STORE_UNAVAILABLE')`. */
export interface OutputStore {
  readonly bucket: string;
  readonly partBytes: number;
  open(key: string, contentType: string, signal: AbortSignal, observer?: ByteObserver): OutputWriter;
  /** Undefined when there is no such object. */
  read(key: string, signal: AbortSignal): Promise<Download | undefined>;
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
  readCursor(project: string): Promise<SweepCursor | undefined>;
  writeCursor(project: string, cursor: SweepCursor): Promise<void>;
}

/** What the ledger has of a job that is being fetched. */
export interface JobOnRecord {
  /** An application of this account submitted it, or Gemini's list shows it. */
  readonly isOurs: boolean;
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly displayName: string | null;
  /** Why the attempt before failed. */
  readonly lastCode: string | undefined;
}

/** The fetchers' part of the ledger. Both methods throw `TransientError('ERR_STORE_UNAVAILABLE')`. */
export interface FetchLedger {
  /** @param attempt from 1 */
  begin(job: LedgerJob, attempt: number): Promise<JobOnRecord>;
  /** The message goes back. */
  postpone(job: LedgerJob, code: string, nextAttemptAt: Date): Promise<void>;
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
  /** The secret that signs from now on. Those before it sign as well for 24 hours, or `revoked` no longer. */
  rotate(id: string, previous?: 'revoked'): Promise<string>;
}
