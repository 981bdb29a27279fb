/** A job as the ledger knows it, for whoever shows it to a person or a program. */

import type { JobRecord } from '../lambda/ledger/job-records.client.ts';

export const JOB_STATES = ['waiting', 'stored', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

type KnownOfJob = Omit<JobRecord, 'queue' | 'due'>;

/** What the ledger knows of it, null for what it does not know. Times are ISO 8601 in UTC. */
export type JobRow = {
  readonly [Name in keyof KnownOfJob]: undefined extends KnownOfJob[Name]
    ? NonNullable<KnownOfJob[Name]> | null
    : KnownOfJob[Name];
} & {
  readonly state: JobState;
  /** Why it is still waiting; null when it is not. */
  readonly waitingFor: string | null;
};

export function toJobRow(record: JobRecord): JobRow {
  const { project, jobType, jobId, queue: _queue, due: _due, ...known } = record;
  const state = stateOf(record);
  const orNull = Object.entries(known).map(([name, value]) => [name, value ?? null]);
  return {
    ...{ project, jobType, jobId, state },
    ...Object.fromEntries(orNull),
    waitingFor: state === 'waiting' ? reasonOf(record) : null,
  };
}

function stateOf({ storedAt, failedAt }: JobRecord): JobState {
  if (storedAt !== undefined) return 'stored';
  return failedAt === undefined ? 'waiting' : 'failed';
}

function reasonOf({ publishedAt, attempts, lastCode, nextAttemptAt }: JobRecord): string {
  if (publishedAt === undefined) return 'its end at Gemini, of which no webhook has come';
  if (attempts === 0) return 'its fetcher, which has not begun';
  if (lastCode === undefined) return `its fetcher, which is at attempt ${attempts}`;
  return `attempt ${attempts + 1}${nextAttemptAt === undefined ? '' : ` at ${nextAttemptAt}`}, after ${lastCode}`;
}

/** When something last happened to it; empty when nothing is known. */
export function lastChangeOf(row: JobRow): string {
  const { submittedAt, createdAt, endedAt, deliveredAt, publishedAt, fetchStartedAt, storedAt, failedAt } = row;
  const times = [submittedAt, createdAt, endedAt, deliveredAt, publishedAt, fetchStartedAt, storedAt, failedAt];
  return times.reduce<string>((latest, time) => (time !== null && time > latest ? time : latest), '');
}
