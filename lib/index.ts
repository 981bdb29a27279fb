/** The public constructs. */
export type {
  JobEventDetail,
  JobSubmittedDetail,
  Manifest,
  OutputFailedDetail,
  OutputStoredDetail,
} from '../lambda/event-types.ts';
export type { Consumers, ProjectConsumer } from './consumers.ts';
export type { Fetcher } from './fetcher.ts';
export { GeminiWebhooks } from './gemini-webhooks.ts';
export type { CustomDomain, GeminiWebhooksProps, OriginHeader } from './gemini-webhooks-props.ts';
export type { JobLedgerOptions } from './job-ledger.ts';
export type { ManagedWebhook } from './managed-webhook.ts';
export type { AlarmOverride, AlarmOverrides } from './monitoring/alarm-overrides.ts';
export { type AlarmOptions, Monitoring } from './monitoring/monitoring-props.ts';
export type { GeminiProject } from './projects.ts';
export type { QuarantineOptions } from './quarantine.ts';
export type { ReconciliationOptions } from './reconciler.ts';
export type { RegionalFeatures } from './regions.ts';
export { WebhooksStack, type WebhooksStackProps } from './webhooks-stack.ts';
