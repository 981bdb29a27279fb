/** A job as the ledger knows it, for whoever shows it to a person or a program. */

import type { LedgerEntry } from '../lambda/ledger/facts.ts';

export const JOB_STATES = ['waiting', 'stored', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

const TIMES = [
  'submittedAt',
  'createdAt',
  'endedAt',
  'deliveredAt',
  'publishedAt',
  'fetchStartedAt',
  'storedAt',
  'failedAt',
  'nextAttemptAt',
] as const;
const TEXTS = ['displayName', 'eventType', 'webhookId', 'origin', 'lastCode', 'failureCode', 'manifestKey'] as const;

/** What the ledger knows of it, null for what it does not know. Times are ISO 8601 in UTC. */
export type JobRow = Pick<LedgerEntry, 'project' | 'jobType' | 'jobId' | 'userMetadata' | 'attempts'> & {
  readonly [Name in (typeof TIMES)[number] | (typeof TEXTS)[number]]: string | null;
} & {
  readonly state: JobState;
  /** Why it is still waiting; null when it is not. */
  readonly waitingBecause: string | null;
};

export function toJobRow(entry: LedgerEntry): JobRow {
  const { project, jobType, jobId, userMetadata, attempts } = entry;
  const state = stateOf(entry);
  const row = {
    ...{ project, jobType, jobId, state, userMetadata, attempts },
    ...(Object.fromEntries([
      ...TEXTS.map((name) => [name, entry[name] ?? null]),
      ...TIMES.map((name) => [name, entry[name]?.toISOString() ?? null]),
    ]) as Pick<JobRow, (typeof TIMES)[number] | (typeof TEXTS)[number]>),
  };
  return { ...row, waitingBecause: state === 'waiting' ? (waitingOf(row)?.because ?? null) : null };
}

function stateOf({ storedAt, failedAt }: LedgerEntry): JobState {
  if (storedAt !== undefined) return 'stored';
  return failedAt === undefined ? 'waiting' : 'failed';
}

/** When something last happened to it; empty when nothing is known. */
export function lastChangeOf(row: JobRow): string {
  const { submittedAt, createdAt, endedAt, deliveredAt, publishedAt, fetchStartedAt, storedAt, failedAt } = row;
  const times = [submittedAt, createdAt, endedAt, deliveredAt, publishedAt, fetchStartedAt, storedAt, failedAt];
  return times.reduce<string>((latest, time) => (time !== null && time > latest ? time : latest), '');
}

/** What a code means to whoever waits for the job. */
const REASONS: Readonly<Record<string, string>> = {
  ERR_API_KEY_REFUSED: 'Gemini refuses the API key',
  ERR_FETCH_TIMED_OUT: 'the last fetch ran out of time',
  ERR_GEMINI_UNAVAILABLE: 'Gemini does not answer',
  ERR_INTERNAL: 'the fetcher failed; its log says how',
  ERR_JOB_NOT_OURS: 'Gemini does not show this project such a job',
  ERR_KEYS_UNAVAILABLE: 'the keys could not be read',
  ERR_OUTPUT_GONE: 'Gemini has the output no more',
  ERR_OUTPUT_INVALID: 'the output cannot be read',
  ERR_OUTPUT_NOT_READY: 'Gemini does not show the output yet',
  ERR_OUTPUT_TOO_LARGE: 'the output is larger than allowed',
  ERR_OUTPUT_TRUNCATED: 'a download broke off',
  ERR_PUBLISH_FAILED: 'the event bus did not take the announcement',
  ERR_RATE_LIMITED: 'Gemini limits the rate of calls',
  ERR_STORE_UNAVAILABLE: 'S3 or DynamoDB does not answer',
};

export function reasonOf(code: string): string {
  const words = REASONS[code];
  return words === undefined ? code : `${words} (${code})`;
}

interface Waiting {
  readonly because: string;
  /** When something is tried next; null when that is not known. */
  readonly nextAt: string | null;
}

/** Why a job is not done, as far as anybody knows; undefined for one that is stored. */
export function waitingOf(row: Omit<JobRow, 'waitingBecause'>): Waiting | undefined {
  if (row.state === 'stored') return undefined;
  const { lastCode, failureCode, nextAttemptAt: nextAt } = row;
  if (row.state === 'failed') return { because: reasonOf(failureCode ?? lastCode ?? 'unknown'), nextAt: null };
  if (row.publishedAt === null) return { because: 'Gemini has not said that it ended', nextAt };
  // A fetch that was given up leaves its code; a redrive tries again.
  if (failureCode !== null) return { because: `the fetch was given up: ${reasonOf(failureCode)}`, nextAt: null };
  if (lastCode !== null) return { because: reasonOf(lastCode), nextAt };
  if (row.attempts > 0 || row.fetchStartedAt !== null) return { because: 'its outputs are being fetched', nextAt };
  return { because: 'its event is in the queue of the fetcher', nextAt };
}
