/**
 * The one list of the job types that have a fetcher, with all of each that is data. What reads a job's resource is in
 * gemini/jobs/, by the same names; everything that there is one of for each type maps over this list. Imports nothing.
 */

/** How Gemini's API and its pages treat the jobs of a type, and what follows for a deployment. */
export interface JobTypeFacts {
  /** Its events for which a webhook can be registered, after the type and a dot. */
  readonly pushed: readonly string[];
  /** An id in an event; anything else is routed as `other`, where nothing is fetched. */
  readonly idPattern: RegExp;
  /** Before the last part of the resource's name; undefined for ids that the API writes in several ways. */
  readonly collection?: { readonly path: string /** Whether ids on the bus have it. */; readonly isInId: boolean };
  /** What Google's page writes before an id: `batch_123` is `123`. */
  readonly idPrefix?: string;
  /** How long Gemini keeps what is to be fetched: as its files, or as the account's interactions. */
  readonly retention: 'files' | 'interactions';
  /** A job that has not ended by then is stuck. */
  readonly longestHours: number;
  /** After so long Gemini ends a job itself; 0 when it does not say that it would. */
  readonly expiresAfterHours: number;
  /** Fetches at a time, by default. */
  readonly maxConcurrency: number;
  /** A job that there is not. */
  readonly sampleId: string;
}

const LIST = {
  batch: {
    pushed: ['succeeded', 'expired', 'failed'],
    idPattern: /^(?:batches\/)?[A-Za-z0-9_-]{1,200}$/,
    collection: { path: 'batches/', isInId: true },
    idPrefix: 'batch_',
    retention: 'files',
    // Gemini expires batches by itself, after 24 or 48 hours: its pages differ.
    longestHours: 50,
    expiresAfterHours: 48,
    maxConcurrency: 2,
    sampleId: 'batches/sample-4f6a1c',
  },
  interaction: {
    pushed: ['requires_action', 'completed', 'failed'],
    idPattern: /^(?:interactions\/)?[A-Za-z0-9_-]{1,512}$/,
    collection: { path: 'interactions/', isInId: false },
    retention: 'interactions',
    // Deep Research takes up to an hour.
    longestHours: 6,
    expiresAfterHours: 0,
    maxConcurrency: 2,
    sampleId: 'v1_sample-4f6a1c',
  },
  video: {
    pushed: ['generated'],
    idPattern: /^(?:(?:models\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/)?operations\/)?[A-Za-z0-9_-]{1,200}$/,
    idPrefix: 'video_',
    retention: 'files',
    longestHours: 6,
    expiresAfterHours: 0,
    maxConcurrency: 2,
    sampleId: 'models/veo/operations/sample-4f6a1c',
  },
} as const satisfies Readonly<Record<string, JobTypeFacts>>;

export type FetchedJobType = keyof typeof LIST;

export const JOB_TYPE: Readonly<Record<FetchedJobType, JobTypeFacts>> = LIST;

/** E.g. `batch.succeeded`. */
export type SubscribableEvent = {
  [Type in FetchedJobType]: `${Type}.${(typeof LIST)[Type]['pushed'][number]}`;
}[FetchedJobType];
