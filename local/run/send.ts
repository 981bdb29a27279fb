/** `npm run send -- <event type> <job id>`: posts a signed static webhook to the local run and shows the answer. */
import { createHmac, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { LocalRunError } from '../local-run-error.ts';
import { readEndpoints } from './endpoints.ts';

const USAGE =
  'npm run send -- <event type> <job id> [--state-dir .local], e.g. npm run send -- batch.succeeded batches/abc';

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function signedHeaders(secret: string, id: string, timestamp: number, body: string): Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}

export async function send(args: readonly string[], now: Date): Promise<string> {
  const { positionals, values } = parse(args);
  const [type, jobId, ...more] = positionals;
  if (type === undefined || jobId === undefined || more.length > 0) throw new LocalRunError(USAGE);
  const { webhookUrl, signingSecret } = readEndpoints(values['state-dir'] ?? '.local');
  const body = JSON.stringify({ type, version: 'v1', timestamp: now.toISOString(), data: { id: jobId } });
  const headers = signedHeaders(signingSecret, `msg_${randomUUID()}`, Math.floor(now.getTime() / 1000), body);
  const response = await fetch(webhookUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  }).catch((cause: unknown) => {
    throw new LocalRunError(`${webhookUrl} does not answer. Start the local run first: npm start -- --serve`, {
      cause,
    });
  });
  return `${response.status} ${await response.text()}`;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { 'state-dir': { type: 'string' } } });
  } catch {
    throw new LocalRunError(USAGE);
  }
}
