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
  readonly waitingFor: string | null;
};

export function toJobRow(entry: LedgerEntry): JobRow {
  const { project, jobType, jobId, userMetadata, attempts } = entry;
  const state = stateOf(entry);
  return {
    ...{ project, jobType, jobId, state, userMetadata, attempts },
    ...(Object.fromEntries([
      ...TEXTS.map((name) => [name, entry[name] ?? null]),
      ...TIMES.map((name) => [name, entry[name]?.toISOString() ?? null]),
    ]) as Pick<JobRow, (typeof TIMES)[number] | (typeof TEXTS)[number]>),
    waitingFor: state === 'waiting' ? reasonOf(entry) : null,
  };
}

function stateOf({ storedAt, failedAt }: LedgerEntry): JobState {
  if (storedAt !== undefined) return 'stored';
  return failedAt === undefined ? 'waiting' : 'failed';
}

function reasonOf({ publishedAt, attempts, lastCode, nextAttemptAt }: LedgerEntry): string {
  if (publishedAt === undefined) return 'its end at Gemini, of which no webhook has come';
  if (attempts === 0) return 'its fetcher, which has not begun';
  if (lastCode === undefined) return `its fetcher, which is at attempt ${attempts}`;
  const next = nextAttemptAt === undefined ? '' : ` at ${nextAttemptAt.toISOString()}`;
  return `attempt ${attempts + 1}${next}, after ${lastCode}`;
}

/** When something last happened to it; empty when nothing is known. */
export function lastChangeOf(row: JobRow): string {
  const { submittedAt, createdAt, endedAt, deliveredAt, publishedAt, fetchStartedAt, storedAt, failedAt } = row;
  const times = [submittedAt, createdAt, endedAt, deliveredAt, publishedAt, fetchStartedAt, storedAt, failedAt];
  return times.reduce<string>((latest, time) => (time !== null && time > latest ? time : latest), '');
}
