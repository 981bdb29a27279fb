/** Where the console gets what it shows, and what it can have done: a deployment in AWS, a local run, or a fake. */
import type { Manifest } from '../../lambda/events/manifest.ts';
import type { JobRow, JobState } from '../job-row.ts';
import type { LogLine } from '../logs.ts';
import type { Change } from './changes.ts';

export interface JobQuery {
  /** In the job's id, display name, metadata, webhook id or code; empty for any. */
  readonly text: string;
  readonly state: JobState | undefined;
  readonly project: string | undefined;
  readonly jobType: JobRow['jobType'] | undefined;
  readonly since: Date | undefined;
  /** As the page before gave it; undefined for the newest. */
  readonly cursor: string | undefined;
  readonly limit: number;
}

export interface JobPage {
  /** Newest first. */
  readonly rows: readonly JobRow[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

/** A job by the last part of its id, which no slash is in. */
export interface JobName {
  readonly project: string;
  readonly jobType: JobRow['jobType'];
  readonly id: string;
}

export function nameOf({ project, jobType, jobId }: JobRow): JobName {
  return { project, jobType, id: jobId.slice(jobId.lastIndexOf('/') + 1) };
}

export interface Answer {
  readonly at: string;
  /** Undefined where only the outcome is known. */
  readonly status: number | undefined;
  /** `accepted`, `duplicate`, `in-progress`, or a code. */
  readonly outcome: string;
}

/** What came under one webhook id, and how each attempt was answered. */
export interface DeliveryRow {
  readonly receivedAt: string;
  readonly project: string;
  readonly webhookId: string;
  /** `v1`, `v1a`, `jwt`, or `api` for what the reconciler found. */
  readonly scheme: string;
  readonly eventType: string;
  readonly jobId: string | null;
  readonly answers: readonly Answer[];
}

export interface StoredManifest {
  readonly key: string;
  readonly manifest: Manifest;
}

export interface JobDetail {
  readonly row: JobRow;
  readonly deliveries: readonly DeliveryRow[];
  readonly manifests: readonly StoredManifest[];
  /** As they were on the bus; undefined where nothing keeps them. */
  readonly events: readonly Readonly<Record<string, unknown>>[] | undefined;
}

export interface StoredObject {
  readonly bytes: number;
  readonly contentType: string;
  /** Both ends included. */
  open(start: number, end: number): Promise<ReadableStream<Uint8Array>>;
}

export interface Deliveries {
  readonly rows: readonly DeliveryRow[];
  /** Of those that were refused, which leave nothing but a count. */
  readonly refused: readonly { readonly code: string; readonly count: number }[];
  /** Over which time they are counted. */
  readonly refusedSince: string;
  /** Undefined where nothing is quarantined. */
  readonly quarantined: number | undefined;
}

export interface HealthRow {
  readonly group: 'webhooks' | 'alarms' | 'queues' | 'jobs' | 'secrets';
  readonly what: string;
  readonly state: string;
  readonly isGood: boolean;
  /** Of an alarm that is on. */
  readonly severity: 'critical' | 'high' | 'low' | undefined;
  /** What to do when it is not good: a command, or a place in the docs. */
  readonly next: string | undefined;
  /** What does that. */
  readonly change: Change | undefined;
}

/** What can be played in a local run only. */
export interface LocalControls {
  readonly webhookUrl: string;
  /** By kind; undefined with another Gemini in the simulator's place. */
  scenarios(): Promise<Readonly<Record<string, readonly string[]>> | undefined>;
  switches(): Promise<Readonly<Record<string, unknown>>>;
}

export interface ConsoleSource {
  readonly title: string;
  readonly projects: readonly string[];
  readonly allowsChanges: boolean;
  /** How often what is shown is read again. */
  readonly refreshMs: number;
  readonly local: LocalControls | undefined;
  jobs(query: JobQuery): Promise<JobPage>;
  job(name: JobName): Promise<JobDetail | undefined>;
  /** Of all functions, about this job, in order. */
  logs(row: JobRow): Promise<readonly LogLine[]>;
  object(key: string): Promise<StoredObject | undefined>;
  deliveries(): Promise<Deliveries>;
  health(): Promise<readonly HealthRow[]>;
  /** @returns what was done, in a sentence or a few. @throws CliError when it was not */
  change(change: Change): Promise<string>;
}
