/**
 * What the simulator knows: jobs, files and the things they share. Everything is in memory and gone with the process.
 */
import type { Deliveries, WebhookConfig } from './deliveries.ts';
import type { FileStore } from './file-store.ts';
import type { SigningKeys } from './signing.ts';
import type { SwitchBoard } from './switches.ts';
import type { Timers } from './timers.ts';
import type { WebhookStore } from './webhook-store.ts';

export type JobKind = 'batch' | 'interaction' | 'video';

export type JobStatus =
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'expired'
  | 'cancelled'
  | 'completed'
  | 'requires_action'
  | 'incomplete'
  | 'budget_exceeded';

export interface Job {
  readonly kind: JobKind;
  /** As the API names it: `batches/<id>`, `models/<m>/operations/<id>`, an interaction's id. */
  readonly name: string;
  readonly scenario: string;
  readonly model: string;
  readonly createdAt: Date;
  readonly webhookConfig: WebhookConfig | undefined;
  status: JobStatus;
  endedAt: Date | undefined;
  /** The resource as its GET answers it. */
  readonly resource: () => object;
  /** Makes the outcome when the time has come. */
  readonly finish: () => JobOutcome;
}

export interface JobOutcome {
  readonly status: Exclude<JobStatus, 'running'>;
  /** Absent where Gemini pushes nothing, e.g. for a cancellation. */
  readonly event?: { readonly type: string; readonly data: Readonly<Record<string, unknown>> };
}

export interface World {
  /** Origin of the API, no slash at the end. */
  readonly url: string;
  /** The only key that is valid. */
  apiKey: string;
  readonly timers: Timers;
  readonly switches: SwitchBoard;
  readonly keys: SigningKeys;
  readonly webhooks: WebhookStore;
  readonly deliveries: Deliveries;
  readonly files: FileStore;
  /** By name. */
  readonly jobs: Map<string, Job>;
}
