/** The public constructs. */
export { Fetcher } from './fetcher.ts';
export { GeminiWebhooks } from './gemini-webhooks.ts';
export type { GeminiWebhooksProps } from './gemini-webhooks-props.ts';
export { WebhooksStack, type WebhooksStackProps } from './webhooks-stack.ts';
