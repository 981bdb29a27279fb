/** `npm run send`: posts one delivery to the local run, of any kind that a webhook's URL may meet, and shows the answer. */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { TOKEN_LENGTH } from '../../lambda/contract.ts';
import { LocalRunError } from '../shared/local-run-error.ts';
import { control } from './control.ts';
import { type Endpoints, readEndpoints } from './endpoints.ts';

const KINDS = {
  valid: 'signed with the secret, as Gemini does',
  duplicate: 'the same, twice',
  'wrong-signature': "signed with somebody else's secret",
  stale: 'signed ten minutes ago',
  'unknown-type': 'signed, of an event type that Gemini does not have yet',
  dynamic: "signed with Gemini's key, to the dynamic URL",
  foreign: "signed with Gemini's key, for another customer: to a URL whose token is not ours",
} as const;
type Kind = keyof typeof KINDS;

const WIDTH = Math.max(...Object.keys(KINDS).map((kind) => kind.length));
const USAGE = `npm run send -- <event type> <job id> [--as <kind>] [--state-dir .local]

For example: npm run send -- batch.succeeded batches/abc

Kinds of delivery:
${Object.entries(KINDS)
  .map(([kind, text]) => `  ${kind.padEnd(WIDTH)}  ${text}`)
  .join('\n')}`;

const STALE_SECONDS = 600;
const Signed = z.object({ signature: z.string() });

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function signedHeaders(secret: string, id: string, timestamp: number, body: string): Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}

/** @returns the answers, one a line @throws LocalRunError that says how it is used, or what is missing */
export async function send(args: readonly string[], now: Date): Promise<string> {
  const { positionals, values } = parse(args);
  if (values.help) return USAGE;
  const [type, jobId, ...more] = positionals;
  const { as: kind = 'valid' } = values;
  if (type === undefined || jobId === undefined || more.length > 0 || !isKind(kind)) throw new LocalRunError(USAGE);
  const endpoints = readEndpoints(values['state-dir'] ?? '.local');
  const { url, headers, body } = await deliveryOf(kind, endpoints, { type, jobId, now });
  const answers = [await post(url, headers, body)];
  if (kind === 'duplicate') answers.push(await post(url, headers, body));
  return answers.join('\n');
}

const isKind = (text: string): text is Kind => Object.hasOwn(KINDS, text);

interface Event {
  readonly type: string;
  readonly jobId: string;
  readonly now: Date;
}

async function deliveryOf(kind: Kind, endpoints: Endpoints, { type, jobId, now }: Event) {
  const event = { type: kind === 'unknown-type' ? 'music.composed' : type, version: 'v1' };
  const body = JSON.stringify({ ...event, timestamp: now.toISOString(), data: { id: jobId } });
  const id = `msg_${randomUUID()}`;
  const timestamp = Math.floor(now.getTime() / 1000) - (kind === 'stale' ? STALE_SECONDS : 0);
  if (kind === 'dynamic' || kind === 'foreign') {
    const token = randomBytes(TOKEN_LENGTH).toString('base64url').slice(0, TOKEN_LENGTH);
    const url = endpoints.dynamicWebhookUrl.replace(/[^/]+$/, (own) => (kind === 'foreign' ? token : own));
    const signed = await control(endpoints, 'POST', '/signatures', { id, timestamp, body });
    const { signature } = Signed.parse(signed);
    return {
      ...{ url, body },
      headers: { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature },
    };
  }
  const other = `whsec_${randomBytes(32).toString('base64')}`;
  const secret = kind === 'wrong-signature' ? other : endpoints.signingSecret;
  return { url: endpoints.webhookUrl, body, headers: signedHeaders(secret, id, timestamp, body) };
}

async function post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<string> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
  const response = await fetch(url, init).catch((cause: unknown) => {
    throw new LocalRunError(`${url} does not answer. Start the local run first: npm start -- --serve`, { cause });
  });
  return `${response.status} ${await response.text()}`;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { as: { type: 'string' }, 'state-dir': { type: 'string' }, help: { type: 'boolean' } },
    });
  } catch {
    throw new LocalRunError(USAGE);
  }
}
