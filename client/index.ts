/** The events that a deployment puts on its bus: their names, and types for those who consume them. */
import type {
  JobEventDetail,
  JobSubmittedDetail,
  OutputFailedDetail,
  OutputStoredDetail,
} from '../lambda/event-types.ts';

export { APPLICATION_SOURCE, EVENT_SOURCE } from '../lambda/contract.ts';
export type {
  JobEventDetail,
  JobSubmittedDetail,
  Manifest,
  ManifestObject,
  OutputFailedDetail,
  OutputStoredDetail,
} from '../lambda/event-types.ts';

/** Details by detail-type; every other detail-type is an event type of Gemini's, whose detail is a `JobEventDetail`. */
interface OwnDetails {
  'output.stored': OutputStoredDetail;
  'output.failed': OutputFailedDetail;
  'job.submitted': JobSubmittedDetail;
}

/** The detail of events with this detail-type. */
export type DetailOf<Type extends string> = Type extends keyof OwnDetails ? OwnDetails[Type] : JobEventDetail;

/**
 * An event as EventBridge delivers it.
 *
 * @example A handler of what is stored
 * ```ts
 * import type { WebhookEvent } from 'gemini-webhooks-client';
 *
 * export async function handler(event: WebhookEvent<'output.stored'>): Promise<void> {
 *   const { bucket, manifestKey, userMetadata } = event.detail;
 *   console.log(`s3://${bucket}/${manifestKey}`, userMetadata);
 * }
 * ```
 */
export interface WebhookEvent<Type extends string = string> {
  version: string;
  id: string;
  'detail-type': Type;
  source: string;
  account: string;
  /** RFC 3339, UTC. */
  time: string;
  region: string;
  resources: string[];
  detail: DetailOf<Type>;
}
