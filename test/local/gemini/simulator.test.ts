/** The simulator as the SDK and plain HTTP see it. */
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GoogleGenAI } from '@google/genai';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GeminiSimulator, startGeminiSimulator } from '../../../local/gemini/simulator.ts';
import { FakeTimers } from './fake-timers.ts';

const START = new Date();
const HOUR = 3_600_000;
const KEY = 'AIza-simulated';
let timers: FakeTimers;
let simulator: GeminiSimulator;
let ai: GoogleGenAI;

interface Operation {
  readonly metadata: { readonly batchStats: object; readonly output?: { readonly inlinedResponses: object } };
  readonly response?: { readonly inlinedResponses: object };
}

interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
}
let received: Received[];
let answers: number[];
let consumer: ReturnType<typeof createServer>;
let consumerUrl: string;

beforeEach(async () => {
  timers = new FakeTimers(START);
  simulator = await startGeminiSimulator({ apiKey: KEY, timers, switches: { jobMs: 1000 } });
  ai = new GoogleGenAI({ apiKey: KEY, apiVersion: 'v1beta', httpOptions: { baseUrl: simulator.url } });
  received = [];
  answers = [];
  consumer = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
    response.writeHead(answers.shift() ?? 200).end();
  });
  await once(consumer.listen(0, '127.0.0.1'), 'listening');
  consumerUrl = `http://127.0.0.1:${(consumer.address() as AddressInfo).port}/hook`;
});
afterEach(async () => {
  await simulator.close();
  consumer.closeAllConnections();
  consumer.close();
});

async function api(path: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(`${simulator.url}${path}`, { ...init, headers: { 'x-goog-api-key': KEY, ...init.headers } });
}
async function get<Body>(path: string): Promise<Body> {
  return (await (await api(path)).json()) as Body;
}
async function control<Body = Record<string, never>>(path: string, method = 'GET', body?: object): Promise<Body> {
  const response = await fetch(`${simulator.controlUrl}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Body;
}
const switches = (update: object) => control('/switches', 'PATCH', update);

async function register(events: string[] = ['batch.succeeded', 'interaction.completed']) {
  const params = { uri: consumerUrl, name: 'test', subscribed_events: events as 'batch.succeeded'[] };
  return await ai.webhooks.create(params, { maxRetries: 0 });
}
async function textBatch() {
  return await ai.batches.create({ model: 'gemini-2.5-flash', src: [{ contents: [{ parts: [{ text: 'one' }] }] }] });
}

describe('jobs', () => {
  it('runs a batch from the SDK, with absent zeros, string counters and results twice', async () => {
    const { name = '' } = await textBatch();
    const running = await get<Operation>(`/v1/${name}`);
    await timers.advance(1000);
    const ended = await get<Operation>(`/v1beta/${name}`);

    expect(name).toMatch(/^batches\/[a-z0-9]{36}$/);
    expect(running).not.toHaveProperty('done');
    expect(running.metadata.batchStats).toEqual({ requestCount: '1', pendingRequestCount: '1' });
    expect(ended).toMatchObject({ name, done: true, metadata: { state: 'BATCH_STATE_SUCCEEDED' } });
    expect(ended.metadata.batchStats).toEqual({ requestCount: '1', successfulRequestCount: '1' });
    expect(ended.response?.inlinedResponses).toEqual(ended.metadata.output?.inlinedResponses);
    expect((await ai.batches.get({ name })).state).toBe('JOB_STATE_SUCCEEDED');
  });

  it('runs a batch over an uploaded file, and sends its results behind a redirect that needs the key again', async () => {
    const lines = new Blob(['{"key":"a","request":{"contents":[{"parts":[{"text":"x"}]}]}}\n']);
    const file = await ai.files.upload({ file: lines, config: { mimeType: 'application/jsonl' } });
    const { name = '' } = await ai.batches.create({ model: 'gemini-2.5-flash', src: file.name ?? '' });
    await timers.advance(1000);
    const { dest } = await ai.batches.get({ name });
    const redirect = await api(`/v1beta/${dest?.fileName}:download?alt=media`, { redirect: 'manual' });
    const location = redirect.headers.get('location') ?? '';

    expect(dest?.fileName).toBe(`files/batch-${name.slice('batches/'.length)}`);
    expect(redirect.status).toBe(302);
    expect((await fetch(location)).status).toBe(400);
    const download = await fetch(location, { headers: { 'x-goog-api-key': KEY } });
    expect(JSON.parse(await download.text())).toMatchObject({ key: 'a', response: { candidates: [{}] } });
  });

  it('refuses user metadata of a batch, as Gemini does', async () => {
    const webhookConfig = { uris: [consumerUrl], userMetadata: { a: 'b' } };
    const src = [{ contents: [{ parts: [{ text: 'one' }] }] }];

    await expect(ai.batches.create({ model: 'm', src, config: { webhookConfig } })).rejects.toThrow(
      /Unknown name .*userMetadata.* at 'batch.webhook_config': Cannot find field/,
    );
  });

  it('runs interactions in the background only when they have a webhook, and answers snake_case only', async () => {
    const params = { model: 'gemini-2.5-flash', input: 'x', webhook_config: { uris: [consumerUrl] } };

    await expect(ai.interactions.create(params, { maxRetries: 0 })).rejects.toThrow(/background=true/);
    const { id, status } = await ai.interactions.create({ ...params, background: true }, { maxRetries: 0 });
    await timers.advance(1000);

    expect(status).toBe('in_progress');
    expect((await ai.interactions.get(id)).status).toBe('completed');
    const body = { model: 'm', input: 'x', webhookConfig: {} };
    const camel = await api('/v1/interactions', { method: 'POST', body: JSON.stringify(body) });
    expect(await camel.json()).toEqual({
      error: { code: 'invalid_request', message: "Unknown parameter 'webhookConfig'. Did you mean 'webhook_config'?" },
    });
  });

  it('keeps a file by URI PROCESSING for a while', async () => {
    const { id } = await ai.interactions.create(
      { model: 'gemini-omni-1.1-flash', input: 'x', background: true },
      { maxRetries: 0, headers: { 'x-simulator-scenario': 'video-uri' } },
    );
    await timers.advance(1000);
    const text = await (await api(`/v1beta/interactions/${id}`)).text();
    const path = `/v1beta/${/files\/[a-z0-9]+/.exec(text)?.[0]}`;

    expect((await get<{ state: string }>(path)).state).toBe('PROCESSING');
    expect((await api(`${path}:download`)).status).toBe(400);
    await timers.advance(2000);
    expect((await get<{ state: string }>(path)).state).toBe('ACTIVE');
  });

  it('names its scenarios to who asks for another', async () => {
    await expect(control('/jobs', 'POST', { kind: 'video', scenario: 'sepia' })).rejects.toThrow(
      /succeeded, partly-filtered, filtered, failed, foreign/,
    );
  });

  it('shows a job of another project to nobody', async () => {
    const { name } = await control<{ name: string }>('/jobs', 'POST', { kind: 'batch', scenario: 'foreign' });

    expect((await api(`/v1beta/${name}`)).status).toBe(403);
  });

  it.each([404, 403, 400])(
    'hides a job behind %i for a while after its end, and says nothing about it',
    async (status) => {
      await switches({ hideJobs: { ms: 500, status } });
      const { name } = await control<{ name: string }>('/jobs', 'POST', { kind: 'interaction' });
      const path = `/v1beta/interactions/${name}`;

      expect((await api(path)).status).toBe(200);
      await timers.advance(1499);
      const hidden = await api(path);
      expect(hidden.status).toBe(status);
      expect(await hidden.text()).not.toContain(name);
      await timers.advance(1);
      expect((await api(path)).status).toBe(200);
    },
  );

  it('keeps the files of a managed agent as a tar', async () => {
    const { id } = await ai.interactions.create(
      { agent: 'antigravity-preview-09-2026', input: 'x', background: true },
      { maxRetries: 0 },
    );
    await timers.advance(1000);
    const { environment_id } = await get<{ environment_id: string }>(`/v1beta/interactions/${id}`);

    const tar = await api(`/download/v1beta/files/environment-${environment_id}:download?alt=media`);
    expect([tar.status, tar.headers.get('content-type')]).toEqual([200, 'application/x-tar']);
  });
});

describe('errors', () => {
  it('refuses a wrong key in the classic form, whatever the route', async () => {
    const response = await api('/v1/interactions/v1_x', { headers: { 'x-goog-api-key': 'other' } });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] },
    });
  });

  it('limits the rate with RetryInfo and Retry-After, fails with 503, and then goes on', async () => {
    await switches({ rateLimit: { next: 1, retryDelaySeconds: 34, retryAfterSeconds: 7 }, serverErrors: 1 });
    const limited = await api('/v1beta/batches');

    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toBe('7');
    const { error } = (await limited.json()) as { error: { details: object[] } };
    expect(error.details).toContainEqual({
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: '34s',
    });
    expect((await api('/v1beta/batches')).status).toBe(503);
    expect((await api('/v1beta/batches')).status).toBe(200);
  });

  it('cuts a download in the middle, and forgets files when it is told to', async () => {
    const { name } = await control<{ name: string }>('/jobs', 'POST', { kind: 'batch', input: 'file' });
    await timers.advance(1000);
    await switches({ truncateDownloads: 1 });
    const path = `/download/v1beta/files/batch-${name.slice('batches/'.length)}:download`;

    await expect(api(path).then((response) => response.arrayBuffer())).rejects.toThrow();
    expect((await api(path)).status).toBe(200);
    await switches({ expireFiles: true });
    expect((await api(path)).status).toBe(404);
    await switches({ expireFiles: false, lateFilesMs: 2000 });
    expect((await api(path)).status).toBe(404);
    await timers.advance(2000);
    expect((await api(path)).status).toBe(200);
  });

  it('names a switch that it does not have, and leaves the others', async () => {
    await expect(switches({ duplicates: 2, typo: 1 })).rejects.toThrow(/typo/);
    expect(await control('/switches')).toMatchObject({ duplicates: 0 });
  });
});

describe('deliveries', () => {
  it('signs static ones as the reference implementation verifies them', async () => {
    const { new_signing_secret } = await register();
    await textBatch();
    await timers.advance(1000);

    expect(received).toHaveLength(1);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    const event = new Webhook(new_signing_secret ?? '').verify(body, headers);
    expect(event).toMatchObject({
      type: 'batch.succeeded',
      version: 'v1',
      data: { id: expect.stringMatching(/^batches\//) },
    });
    expect(headers).toMatchObject({ 'webhook-id': expect.stringMatching(/^msg_[0-9a-f-]{36}$/) });
  });

  it('signs with the old secret too for a day after a rotation', async () => {
    const { id = '', new_signing_secret: old = '' } = await register();
    const { secret = '' } = await ai.webhooks.rotateSigningSecret(id, {});
    const signatures = async () => {
      received.length = 0;
      await textBatch();
      await timers.advance(1000);
      return received[0]?.headers['webhook-signature']?.split(' ').length;
    };

    expect(await signatures()).toBe(2);
    for (const valid of [old, secret]) {
      const [{ headers, body } = { headers: {}, body: '' }] = received;
      expect(() => new Webhook(valid).verify(body, headers)).not.toThrow();
    }
    await timers.advance(25 * HOUR);
    expect(await signatures()).toBe(1);
  });

  it('signs dynamic ones with one of three keys, of which the JWKS shows the public half', async () => {
    await control('/jobs', 'POST', { kind: 'interaction', webhookUrl: consumerUrl, userMetadata: { team: 'a' } });
    await timers.advance(1000);
    const { keys } = (await (await fetch(simulator.jwksUrl)).json()) as { keys: JsonWebKey[] };
    const [{ headers, body } = { headers: {} as Record<string, string>, body: '' }] = received;
    const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
    const signature = Buffer.from(headers['webhook-signature']?.replace('v1a,', '') ?? '', 'base64');

    expect(keys).toHaveLength(3);
    const holds = keys.map((key) => verify(null, content, createPublicKey({ key, format: 'jwk' }), signature));
    expect(holds.filter(Boolean)).toHaveLength(1);
    expect(JSON.parse(body).data.user_metadata).toEqual({ team: 'a' });
    expect(JSON.stringify(await control('/deliveries'))).not.toContain('/hook');
  });

  it('retries with the same id and a new timestamp, longer each time, and not after an answer', async () => {
    await register();
    answers = [503, 500, 409];
    await textBatch();
    await timers.advance(1000);
    expect(received).toHaveLength(1);
    await timers.advance(1000);
    expect(received).toHaveLength(2);
    await timers.advance(2000);
    expect(received).toHaveLength(3);
    await timers.advance(24 * HOUR);

    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(4);
  });

  it('gives up after a day, and disables the webhook', async () => {
    const { id = '' } = await register();
    answers = Array.from({ length: 1000 }, () => 500);
    await textBatch();
    await timers.advance(26 * HOUR);

    expect((await ai.webhooks.get(id)).state).toBe('disabled_due_to_failed_deliveries');
    const attempts = received.length;
    await timers.advance(26 * HOUR);
    expect(received).toHaveLength(attempts);
  });

  it('pings with an event of an unknown type without data', async () => {
    const { id = '', new_signing_secret = '' } = await register();
    await ai.webhooks.ping(id, { body: {} });
    await timers.advance(0);

    const [{ headers, body } = { headers: {}, body: '' }] = received;
    expect(new Webhook(new_signing_secret).verify(body, headers)).toMatchObject({ type: 'webhook.ping' });
    expect(JSON.parse(body)).not.toHaveProperty('data');
  });

  it.each([
    ['duplicates', { duplicates: 2 }, 1, 3],
    ['missing', { missing: 1 }, 1, 0],
    ['late', { lateMs: 5000 }, 1, 0],
    ['held', { outOfOrder: 3 }, 2, 0],
  ])('can be %s', async (_what, update, jobs, count) => {
    await register();
    await switches(update);
    for (let index = 0; index < jobs; index += 1) await textBatch();
    await timers.advance(1000);

    expect(received).toHaveLength(count);
  });

  it('come newest first once enough are held', async () => {
    await register();
    await switches({ outOfOrder: 2 });
    const first = await textBatch();
    const second = await textBatch();
    await timers.advance(1000);

    expect(received.map(({ body }) => JSON.parse(body).data.id)).toEqual([second.name, first.name]);
  });

  it('can be skewed in time, and name ids and URIs in other ways', async () => {
    await register();
    await switches({ clockSkewSeconds: -600, idStyle: 'underscore', outputFileUri: 'gs://bucket/x' });
    const { name } = await control<{ name: string }>('/jobs', 'POST', { kind: 'batch', input: 'file' });
    await timers.advance(1000);

    const [{ headers, body } = { headers: {} as Record<string, string>, body: '' }] = received;
    expect(Number(headers['webhook-timestamp'])).toBe(Math.floor((START.getTime() + 1000) / 1000) - 600);
    expect(JSON.parse(body).data).toEqual({ id: name.replace('batches/', 'batch_'), output_file_uri: 'gs://bucket/x' });
  });

  it('never reports a cancellation', async () => {
    await register();
    const { name = '' } = await textBatch();
    await ai.batches.cancel({ name });
    await timers.advance(10_000);

    expect(received).toEqual([]);
    expect((await ai.batches.get({ name })).state).toBe('JOB_STATE_CANCELLED');
  });
});

describe('webhook management', () => {
  it('creates, lists, updates and deletes; the secret is shown once', async () => {
    const created = await register();
    const { webhooks = [] } = await ai.webhooks.list({});
    const updated = await ai.webhooks.update(created.id ?? '', { state: 'disabled' });
    await ai.webhooks.delete(created.id ?? '');

    expect(created.new_signing_secret).toMatch(/^whsec_/);
    expect(webhooks).toMatchObject([{ id: created.id, state: 'enabled' }]);
    expect(webhooks[0]).not.toHaveProperty('new_signing_secret');
    expect(updated.state).toBe('disabled');
    expect(await (await api('/v1/webhooks')).json()).toEqual({});
  });

  it('takes the seven events that can be subscribed to, and no other', async () => {
    await expect(register(['batch.cancelled'])).rejects.toThrow(/batch.succeeded/);
  });
});
