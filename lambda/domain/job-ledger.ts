/** What the ledger knows of a job, and what it is told. */
import type { FetchedJobType } from '../contract.ts';

export interface LedgerJob {
  readonly source: string;
  readonly jobType: FetchedJobType;
  /** As the event or the application spells it. */
  readonly jobId: string;
}

/**
 * Something that happened to a job. The bus delivers at least once and in no order: telling a fact twice, or an early one
 * late, changes nothing.
 */
export type LedgerFact = LedgerJob &
  (
    | {
        readonly kind: 'submitted';
        readonly submittedAt: Date;
        readonly userMetadata: Readonly<Record<string, unknown>>;
      }
    | {
        readonly kind: 'announced';
        readonly eventType: string;
        readonly webhookId: string;
        readonly origin: string;
        /** When the job ended, as the event says. */
        readonly endedAt: Date;
        readonly deliveredAt: Date;
        readonly publishedAt: Date;
        readonly userMetadata: Readonly<Record<string, unknown>>;
      }
    | {
        readonly kind: 'landed';
        readonly createdAt: Date | undefined;
        readonly fetchStartedAt: Date;
        readonly landedAt: Date;
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

/** A job that has not landed. */
export interface OpenJob extends LedgerJob {
  /** Awaited: when to ask Gemini for it. Announced: when it ended. */
  readonly due: Date;
  readonly submittedAt: Date | undefined;
  readonly eventType: string | undefined;
  readonly webhookId: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>>;
}

/**
 * What an open job waits for: `awaited` for any word of its end, `unlanded` for its outputs.
 */
export type OpenState = 'awaited' | 'unlanded';

/** What the ledger has of a job that Gemini lists. */
export interface KnownJob {
  /** Of the first event about it; undefined when none was published. */
  readonly eventType: string | undefined;
  readonly origin: string | undefined;
  readonly submittedAt: Date | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>>;
}

/** How far a reconciler came in Gemini's list of batches. */
export interface SweepCursor {
  /** Of the very first run: what ended before it could not be missed. */
  readonly firstRunAt: string;
  /** Where to go on; undefined at the beginning of the list. */
  readonly pageToken?: string | undefined;
  /** Whether this pass goes to the end of the list, in whatever order it is. */
  readonly isFull: boolean;
  /** When a pass last came to the end of the list. */
  readonly lastFullAt?: string | undefined;
  /** Gemini asked to be left alone until then. */
  readonly notBefore?: string | undefined;
}
