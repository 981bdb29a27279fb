/** The job ledger as the slices use it. */
import type { FetchedJobType } from '../contract.ts';
import type { LedgerEntry, LedgerFact, LedgerJob, LedgerPage, LedgerQuery, SweepCursor } from './facts.ts';

/** What is known of every job. Every method throws `TransientError('ERR_STORE_UNAVAILABLE')`. */
export interface JobLedger {
  record(fact: LedgerFact): Promise<void>;
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

/** What was submitted, or listed for the project's own key. */
export interface FoundJob {
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly displayName: string | undefined;
}

/** Undefined for a job of which only webhooks speak. @throws TransientError `ERR_STORE_UNAVAILABLE` */
export type FindJob = (job: {
  readonly project: string;
  readonly jobType: FetchedJobType;
  readonly jobId: string;
}) => Promise<FoundJob | undefined>;
