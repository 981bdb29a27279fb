/** What the ledger knows of a job, and the facts that are recorded. */
import { type FetchedJobType, LEDGER_SHARDS } from '../contract.ts';
import { jobKey } from '../events/event-key.ts';

export interface LedgerJob {
  readonly project: string;
  readonly jobType: FetchedJobType;
  /** As the event or the application spells it. */
  readonly jobId: string;
}

/** The key of a job's item. */
export function itemId(job: LedgerJob): string {
  return `job#${jobKey(job)}`;
}

/** What its creator knows a job by. */
interface Named {
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly displayName?: string | undefined;
}

/**
 * Something that happened to a job. The bus delivers at least once and in no order: recording a fact twice, or an early one
 * late, changes nothing.
 */
export type LedgerFact = LedgerJob &
  (
    | ({ readonly kind: 'submitted'; readonly submittedAt: Date } & Named)
    /** Gemini's list of the project's batches shows it. */
    | {
        readonly kind: 'listed';
        readonly listedAt: Date;
        readonly createdAt: Date | undefined;
        readonly hasEnded: boolean;
        readonly displayName?: string | undefined;
      }
    | ({
        readonly kind: 'announced';
        readonly eventType: string;
        readonly webhookId: string;
        readonly origin: string;
        /** When the job ended, as the event says. */
        readonly endedAt: Date;
        readonly deliveredAt: Date;
        readonly publishedAt: Date;
      } & Named)
    /** An event that is on the bus, and of which the ledger never heard, was published again. */
    | { readonly kind: 'republished'; readonly republishedAt: Date }
    | {
        readonly kind: 'stored';
        readonly createdAt: Date | undefined;
        readonly fetchStartedAt: Date;
        readonly storedAt: Date;
        readonly manifestKey: string;
      }
    | {
        readonly kind: 'failed';
        readonly failedAt: Date;
        readonly code: string;
        /** Whether the job stays open: a redrive may land it. */
        readonly retryable: boolean;
        readonly manifestKey: string | undefined;
      }
  );

/**
 * Where a job stands: `awaited` until its end is announced, `unstored` until its outputs are there, then `stored` or `failed`
 * for as long as the ledger remembers it.
 */
export type LedgerState = 'awaited' | 'unstored' | 'stored' | 'failed';

/** All that the ledger has of a job; undefined for what it has not heard. */
export interface LedgerEntry extends LedgerJob, Named {
  /** Undefined while nobody waits for it: a fetcher, or Gemini's list, was first to speak of it. */
  readonly state: LedgerState | undefined;
  /** Awaited: when to ask Gemini for it. Unstored: when it ended. Stored, failed: since when. */
  readonly due: Date | undefined;
  readonly submittedAt: Date | undefined;
  readonly listedAt: Date | undefined;
  readonly createdAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly deliveredAt: Date | undefined;
  readonly publishedAt: Date | undefined;
  readonly republishedAt: Date | undefined;
  readonly fetchStartedAt: Date | undefined;
  readonly storedAt: Date | undefined;
  readonly failedAt: Date | undefined;
  /** Of what is stored, has failed for good, or is to be forgotten. */
  readonly closedAt: Date | undefined;
  /** Of the first event about it. */
  readonly eventType: string | undefined;
  readonly webhookId: string | undefined;
  readonly origin: string | undefined;
  readonly failureCode: string | undefined;
  readonly manifestKey: string | undefined;
  /** Of the fetch: how often it was tried, with which code it last failed, and when it is tried again. */
  readonly attempts: number;
  readonly lastCode: string | undefined;
  readonly nextAttemptAt: Date | undefined;
  /** Since when each question to Gemini about the awaited job has failed. */
  readonly failingSince: Date | undefined;
}

/** When the job is known to have been there; undefined when only its end is known. */
export function knownSince({ submittedAt, createdAt, listedAt }: LedgerEntry): Date | undefined {
  return submittedAt ?? createdAt ?? listedAt;
}

/** Jobs of one project and type in one state. */
export interface LedgerQueue {
  readonly state: LedgerState;
  readonly project: string;
  readonly jobType: FetchedJobType;
}

export interface LedgerQuery extends LedgerQueue {
  /** Bounds of `due`, both included. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** By `due`; the earliest comes first otherwise. */
  readonly newestFirst?: boolean | undefined;
  /** At most so many, or Infinity; a page may have fewer and not be the last. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

export interface LedgerPage {
  readonly jobs: readonly LedgerEntry[];
  /** Undefined when there are no more. */
  readonly next: string | undefined;
}

/**
 * The key of the index. A partition of DynamoDB takes 1,000 writes of 1 KB a second, and every job passes through the same
 * few states: each is spread over shards.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
 */
export function queueName({ state, project, jobType }: LedgerQueue, shard: number): string {
  return `${state}#${project}#${jobType}#${shard}`;
}

/** FNV-1a of the job's key, so that every state of a job is in the same shard. */
export function shardOf(job: LedgerJob): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(jobKey(job))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % LEDGER_SHARDS;
}

/** Of the jobs of one type without an end the one that is known for longest. */
export interface Unended {
  readonly jobId: string;
  /** When it was created or submitted. */
  readonly since: string;
}

/** How far a reconciler came, and what it must not forget until its next run. */
export interface SweepCursor {
  /** Of the very first run: what ended before it could not be missed. */
  readonly firstRunAt: string;
  /** Where to go on in Gemini's list of batches; undefined at its beginning. */
  readonly pageToken?: string | undefined;
  /** Whether this pass goes to the end of the list, in whatever order it is. */
  readonly isFull: boolean;
  /** When a pass last came to the end of the list. */
  readonly lastFullAt?: string | undefined;
  /** Gemini asked for no more lists until then. */
  readonly notBefore?: string | undefined;
  /** Gemini asked for no more questions about single jobs until then. */
  readonly askNotBefore?: string | undefined;
  readonly unended?: { readonly [Type in FetchedJobType]?: Unended | undefined } | undefined;
}
