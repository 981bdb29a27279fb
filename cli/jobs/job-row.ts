/** A job as a row of a table: what the ledger knows of it. Times as they are written: RFC 3339 in UTC. */

export const JOB_STATES = ['waiting', 'stored', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface JobRow {
  readonly project: string;
  readonly jobType: 'batch' | 'interaction' | 'video';
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
  /** Fetches that began. */
  readonly attempts: number;
  /** Of the last attempt that failed. */
  readonly lastCode: string | null;
  readonly nextAttemptAt: string | null;
  readonly failureCode: string | null;
  readonly manifestKey: string | null;
  /** What has to happen next; null for a job that is done. */
  readonly waitingFor: string | null;
}
