import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeEndpoints } from '../../../local/run/endpoints.ts';
import { send, signedHeaders } from '../../../local/run/send.ts';

const SECRET = `whsec_${Buffer.from('k'.repeat(32)).toString('base64')}`;
let dir: string;
let door: ReturnType<typeof createServer>;
let received: { headers: IncomingHttpHeaders; body: string }[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'send-'));
  received = [];
  door = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(401).end('{"error":"unauthorized"}');
  });
  await once(door.listen(0, '127.0.0.1'), 'listening');
  writeEndpoints(dir, {
    ...{ webhookUrl: `http://127.0.0.1:${(door.address() as AddressInfo).port}/hook`, signingSecret: SECRET },
    ...{ dynamicWebhookUrl: 'b', geminiUrl: 'd', apiKey: 'e', dynamodbUrl: 'f', s3Url: 'g', bucket: 'h', table: 'i' },
    ...{
      busName: 'j',
      eventsFile: 'k',
      jwksUrl: 'l',
      awsUrl: 'http://127.0.0.1:5',
      outputs: {},
      resources: [],
      simulatorControlUrl: null,
    },
  });
});
afterEach(() => {
  door.closeAllConnections();
  door.close();
  rmSync(dir, { recursive: true });
});

it('signs as the reference implementation verifies', () => {
  const body = '{"type":"batch.succeeded"}';

  const headers = signedHeaders(SECRET, 'msg_1', Math.floor(Date.now() / 1000), body);

  expect(new Webhook(SECRET).verify(body, headers)).toEqual({ type: 'batch.succeeded' });
});

it('posts an event about the job, and shows the answer', async () => {
  const now = new Date();

  const answer = await send(['batch.succeeded', 'batches/abc', '--state-dir', dir], now);

  expect(answer).toBe('401 {"error":"unauthorized"}');
  const [{ headers, body } = { headers: {}, body: '' }] = received;
  expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toEqual({
    ...{ type: 'batch.succeeded', version: 'v1', timestamp: now.toISOString(), data: { id: 'batches/abc' } },
  });
});

it('says what to do when the run is gone but its endpoints are there', async () => {
  door.closeAllConnections();
  await once(door.close(), 'close');

  await expect(send(['batch.succeeded', 'batches/abc', '--state-dir', dir], new Date())).rejects.toThrow(
    /\/hook does not answer\. Start the local run first: npm start -- --serve$/,
  );
});

it.each([[[]], [['batch.succeeded']], [['batch.succeeded', 'a', 'b']], [['--secret', 'x']]])(
  'shows how it is used instead of sending %j',
  async (args) => {
    await expect(send(args, new Date())).rejects.toThrow(/^npm run send -- <event type> <job id>/);
    expect(received).toEqual([]);
  },
);
