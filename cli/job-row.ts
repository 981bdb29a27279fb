/** A job as the ledger knows it, for whoever shows it to a person or a program. */

import type { FetchedJobType } from '../lambda/contract.ts';
import type { JobRecord } from '../lambda/ledger/job-records.client.ts';

export const JOB_STATES = ['waiting', 'stored', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Times are ISO 8601 in UTC. */
export interface JobRow {
  readonly project: string;
  readonly jobType: FetchedJobType;
  readonly jobId: string;
  readonly state: JobState;
  readonly displayName: string | null;
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly submittedAt: string | null;
  readonly createdAt: string | null;
  readonly endedAt: string | null;
  readonly deliveredAt: string | null;
  readonly publishedAt: string | null;
  readonly fetchStartedAt: string | null;
  readonly storedAt: string | null;
  readonly failedAt: string | null;
  readonly eventType: string | null;
  readonly webhookId: string | null;
  readonly origin: string | null;
  /** How often its fetch began. */
  readonly attempts: number;
  readonly lastCode: string | null;
  readonly nextAttemptAt: string | null;
  readonly failureCode: string | null;
  readonly manifestKey: string | null;
  /** Why it is still waiting; null when it is not. */
  readonly waitingFor: string | null;
}

export function toJobRow(record: JobRecord): JobRow {
  const { project, jobType, jobId, userMetadata, attempts } = record;
  const state = stateOf(record);
  return {
    ...{ project, jobType, jobId, state },
    displayName: record.displayName ?? null,
    userMetadata,
    submittedAt: record.submittedAt ?? null,
    createdAt: record.createdAt ?? null,
    endedAt: record.endedAt ?? null,
    deliveredAt: record.deliveredAt ?? null,
    publishedAt: record.publishedAt ?? null,
    fetchStartedAt: record.fetchStartedAt ?? null,
    storedAt: record.storedAt ?? null,
    failedAt: record.failedAt ?? null,
    eventType: record.eventType ?? null,
    webhookId: record.webhookId ?? null,
    origin: record.origin ?? null,
    attempts,
    lastCode: record.lastCode ?? null,
    nextAttemptAt: record.nextAttemptAt ?? null,
    failureCode: record.failureCode ?? null,
    manifestKey: record.manifestKey ?? null,
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
