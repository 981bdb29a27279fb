import { createHmac } from 'node:crypto';

/**
 * What Gemini sends with a delivery of a static webhook, by node:crypto alone. The secret is `whsec_` and base64.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export function signedHeaders(
  secret: string,
  id: string,
  body: string | Uint8Array,
  timestamp: number = Math.floor(Date.now() / 1000),
) {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}
