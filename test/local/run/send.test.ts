import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type GeminiSimulator, startGeminiSimulator } from '../../../local/gemini/simulator.ts';
import { writeEndpoints } from '../../../local/run/endpoints.ts';
import { send, signedHeaders } from '../../../local/run/send.ts';

const SECRET = `whsec_${Buffer.from('k'.repeat(32)).toString('base64')}`;
let dir: string;
let door: ReturnType<typeof createServer>;
let received: { url: string | undefined; headers: IncomingHttpHeaders; body: string }[];
let simulator: GeminiSimulator | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'send-'));
  received = [];
  door = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(401).end('{"error":"unauthorized"}');
  });
  await once(door.listen(0, '127.0.0.1'), 'listening');
  describeRun(null);
});

function describeRun(simulatorControlUrl: string | null): void {
  const webhookUrl = `http://127.0.0.1:${(door.address() as AddressInfo).port}/hook`;
  writeEndpoints(dir, {
    ...{ webhookUrl, signingSecret: SECRET, dynamicWebhookUrl: `${webhookUrl}/dynamic/the-token` },
    ...{ geminiUrl: 'd', apiKey: 'e', dynamodbUrl: 'f', s3Url: 'g', bucket: 'h', table: 'i' },
    ...{
      busName: 'j',
      eventsFile: 'k',
      jwksUrl: 'l',
      awsUrl: 'http://127.0.0.1:5',
      outputs: {},
      resources: [],
      simulatorControlUrl,
    },
  });
}
afterEach(async () => {
  await simulator?.close();
  simulator = undefined;
  door.closeAllConnections();
  door.close();
});

const NOTHING: (typeof received)[number] = { url: undefined, headers: {}, body: '' };

it('signs as the reference implementation verifies', () => {
  const body = '{"type":"batch.succeeded"}';

  const headers = signedHeaders(SECRET, 'msg_1', Math.floor(Date.now() / 1000), body);

  expect(new Webhook(SECRET).verify(body, headers)).toEqual({ type: 'batch.succeeded' });
});

it('posts an event about the job, and shows the answer', async () => {
  const now = new Date();

  const answer = await send(['batch.succeeded', 'batches/abc', '--state-dir', dir], now);

  expect(answer).toBe('401 {"error":"unauthorized"}');
  const [{ headers, body } = NOTHING] = received;
  expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toEqual({
    ...{ type: 'batch.succeeded', version: 'v1', timestamp: now.toISOString(), data: { id: 'batches/abc' } },
  });
});

const sendAs = (kind: string, now = new Date()) =>
  send(['batch.succeeded', 'a', '--as', kind, '--state-dir', dir], now);
const verifies = ({ headers, body } = NOTHING) => new Webhook(SECRET).verify(body, headers as Record<string, string>);

it('sends a delivery twice, to the byte', async () => {
  expect(await sendAs('duplicate')).toBe('401 {"error":"unauthorized"}\n401 {"error":"unauthorized"}');

  const [first, second] = received;
  expect(verifies(first)).toMatchObject({ type: 'batch.succeeded' });
  expect([second?.body, second?.headers['webhook-id'], second?.headers['webhook-signature']]).toEqual([
    ...[first?.body, first?.headers['webhook-id'], first?.headers['webhook-signature']],
  ]);
});

it('signs with another secret', async () => {
  await sendAs('wrong-signature');

  expect(() => verifies(received[0])).toThrow('No matching signature found');
});

it('sends what was signed ten minutes ago', async () => {
  await sendAs('stale', new Date(1_800_000_000_000));

  const [{ headers, body } = NOTHING] = received;
  expect(headers['webhook-timestamp']).toBe('1799999400');
  expect(headers).toMatchObject(signedHeaders(SECRET, String(headers['webhook-id']), 1_799_999_400, body));
});

it('sends a type that nobody knows', async () => {
  await sendAs('unknown-type');

  expect(verifies(received[0])).toMatchObject({ type: 'music.composed', data: { id: 'a' } });
});

it.each([
  ['dynamic', /^\/hook\/dynamic\/the-token$/],
  ['foreign', /^\/hook\/dynamic\/[\w-]{43}$/],
])('has the simulator sign what is %s', async (kind, url) => {
  simulator = await startGeminiSimulator({ apiKey: 'key' });
  describeRun(simulator.controlUrl);

  await sendAs(kind);

  const [delivery = NOTHING] = received;
  expect(delivery.url).toMatch(url);
  const { keys } = (await (await fetch(simulator.jwksUrl)).json()) as { keys: object[] };
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = delivery.headers;
  const content = Buffer.from(`${id}.${timestamp}.${delivery.body}`);
  const bytes = Buffer.from(String(signature).replace('v1a,', ''), 'base64');
  const holds = keys.map((key) => verify(null, content, createPublicKey({ key: key as never, format: 'jwk' }), bytes));
  expect(holds.filter(Boolean)).toHaveLength(1);
});

it('says that a dynamic delivery needs the simulator', async () => {
  await expect(sendAs('dynamic')).rejects.toThrow('This needs the simulator');
});

it('shows how it is used when it is asked to', async () => {
  expect(await send(['--help'], new Date())).toContain('wrong-signature  signed with');
});

it('says what to do when the run is gone but its endpoints are there', async () => {
  door.closeAllConnections();
  await once(door.close(), 'close');

  await expect(send(['batch.succeeded', 'batches/abc', '--state-dir', dir], new Date())).rejects.toThrow(
    /\/hook does not answer\. Start the local run first: npm start -- --serve$/,
  );
});

it.each([
  [[]],
  [['batch.succeeded']],
  [['batch.succeeded', 'a', 'b']],
  [['--secret', 'x']],
  [['a', 'b', '--as', 'toString']],
])('shows how it is used instead of sending %j', async (args) => {
  await expect(send(args, new Date())).rejects.toThrow(/^npm run send -- <event type> <job id>/);
  expect(received).toEqual([]);
});
