/** Jobs from Gemini's webhook to the manifest, through the deployed bundles. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOptions } from '../../local/aws/emulators.ts';
import { listen, startTestRun, type TestRun } from './local-run.ts';
import { faultsOf, schemaOf } from './published-schemas.ts';

let run: TestRun;
let heard: ReturnType<typeof listen>;
let s3: S3Client;

beforeAll(async () => {
  run = await startTestRun();
  heard = listen(run.aws);
  s3 = new S3Client({
    endpoint: run.endpoints.s3Url,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
});
afterAll(async () => {
  s3.destroy();
  await run.close();
});

async function control(path: string, method: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${run.endpoints.simulatorControlUrl}${path}`, { method, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Record<string, unknown>;
}
const switches = (update: object) => control('/switches', 'PATCH', update);

/** Submits a job and waits for what is announced about it in the end. */
async function outcomeOf(job: object) {
  const { name } = await control('/jobs', 'POST', job);
  const announced = await heard.until(
    ({ 'detail-type': type, detail }) => type.startsWith('output.') && detail['jobId'] === name,
  );
  return { type: announced['detail-type'], detail: announced.detail, name: String(name) };
}

async function read(key: unknown): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: run.endpoints.bucket, Key: String(key) }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

it.each([
  [{ kind: 'batch', input: 'file', count: 3 }, 'succeeded', ['batch.json', 'responses.jsonl']],
  [{ kind: 'batch', input: 'inline' }, 'succeeded', ['batch.json', 'responses.jsonl']],
  [{ kind: 'batch', input: 'embeddings' }, 'succeeded', ['batch.json', 'responses.jsonl']],
  [{ kind: 'batch', scenario: 'expired' }, 'expired', ['batch.json']],
  [{ kind: 'interaction', scenario: 'unknown-steps' }, 'completed', ['image-00.png', 'interaction.json', 'output.md']],
  [
    { kind: 'interaction', scenario: 'managed-agent' },
    'completed',
    ['environment.tar', 'interaction.json', 'output.md'],
  ],
  [{ kind: 'interaction', scenario: 'audio' }, 'completed', ['audio-00.pcm', 'interaction.json']],
  [{ kind: 'interaction', scenario: 'incomplete' }, 'incomplete', ['interaction.json', 'output.md']],
  [{ kind: 'interaction', scenario: 'budget-exceeded' }, 'budget_exceeded', ['interaction.json', 'output.md']],
  [{ kind: 'video', count: 2 }, 'succeeded', ['operation.json', 'video-00.mp4', 'video-01.mp4']],
  [{ kind: 'video', count: 2, scenario: 'partly-filtered' }, 'succeeded', ['operation.json', 'video-00.mp4']],
  [{ kind: 'video', scenario: 'failed', event: 'video.generated' }, 'failed', ['operation.json']],
])('lands %j', async (job, status, names) => {
  const { type, detail } = await outcomeOf(job);

  expect(type).toBe('output.stored');
  expect(detail['status']).toBe(status);
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: run.endpoints.bucket, Prefix: String(detail['prefix']) }),
  );
  const keys = Contents.map(({ Key }) => Key?.slice(String(detail['prefix']).length));
  expect(keys.toSorted()).toEqual([...names, 'manifest.json'].toSorted());
  const manifest = JSON.parse((await read(detail['manifestKey'])).toString());
  expect(faultsOf('Manifest', manifest)).toBeNull();
  for (const { key, bytes, sha256 } of manifest.objects) {
    const body = await read(key);
    expect([bytes, sha256]).toEqual([body.length, createHash('sha256').update(body).digest('hex')]);
  }
});

it('keeps the token of the dynamic URL out of the bucket', async () => {
  const { detail } = await outcomeOf({ kind: 'interaction', webhookUrl: run.endpoints.dynamicWebhookUrl });
  const stored = (await read(`${detail['prefix']}interaction.json`)).toString();

  expect(detail['status']).toBe('completed');
  expect(stored).not.toContain(run.endpoints.dynamicWebhookUrl.split('/').at(-1));
});

it('lands nothing of a job that is another customer’s, though the token was known, after seven attempts', async () => {
  const webhookUrl = run.endpoints.dynamicWebhookUrl;
  const { type, detail, name } = await outcomeOf({ kind: 'batch', scenario: 'foreign', webhookUrl });

  expect(type).toBe('output.failed');
  expect(detail).toMatchObject({ code: 'ERR_JOB_NOT_OURS', retryable: false, manifestKey: null });
  const dynamodb = new DynamoDBClient(clientOptions(run.endpoints.dynamodbUrl));
  const table = run.endpoints.resources.find(({ logicalId }) => logicalId.startsWith('GeminiWebhooksJobLedgerTable'));
  const Key = { id: { S: `job#default#batch#${name.replace('batches/', '')}` } };
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: table?.physicalId, Key }));
  dynamodb.destroy();
  expect(Item).toMatchObject({ last_code: { S: 'ERR_JOB_NOT_FOUND' }, attempts: { N: '7' } });
});

it.each([
  [404, 'static'],
  [404, 'dynamic'],
  [403, 'static'],
  [400, 'dynamic'],
])('lands a job that Gemini hides behind %i, announced by the %s webhook', async (status, route) => {
  await switches({ hideJobs: { ms: 500, status } });
  const webhookUrl = route === 'dynamic' ? { webhookUrl: run.endpoints.dynamicWebhookUrl } : {};

  expect((await outcomeOf({ kind: 'interaction', ...webhookUrl })).type).toBe('output.stored');

  await switches({ hideJobs: { ms: 0 } });
});

it('lands a result file that is late', async () => {
  await switches({ lateFilesMs: 500 });

  expect((await outcomeOf({ kind: 'batch', input: 'file' })).type).toBe('output.stored');

  await switches({ lateFilesMs: 0 });
});

it.each(['bare', 'underscore'])('finds a job whose id comes %s', async (idStyle) => {
  await switches({ idStyle });

  expect((await outcomeOf({ kind: 'batch' })).type).toBe('output.stored');
  expect((await outcomeOf({ kind: 'video' })).type).toBe('output.stored');

  await switches({ idStyle: 'name' });
});

it('fetches nothing from a URI that an event names', async () => {
  await switches({ outputFileUri: 'https://attacker.invalid/v1beta/files/theirs' });
  const { type, detail } = await outcomeOf({ kind: 'batch', input: 'file' });
  await switches({ outputFileUri: null });

  expect(type).toBe('output.stored');
  expect((await read(`${detail['prefix']}responses.jsonl`)).toString()).toContain('"key":"request-1"');
});

it.each([
  ['a truncated download', { truncateDownloads: 1 }],
  ['a rate limit', { rateLimit: { next: 1, retryDelaySeconds: 1, retryAfterSeconds: null } }],
  ['a server that is overloaded', { serverErrors: 1 }],
])('comes back after %s', async (_what, trouble) => {
  await switches(trouble);
  const { type, detail } = await outcomeOf({ kind: 'batch', input: 'file' });

  expect(type).toBe('output.stored');
  expect((await read(`${detail['prefix']}responses.jsonl`)).toString().split('\n')).toHaveLength(3);
});

it('publishes an event once, however often and in whatever order it is delivered', async () => {
  await switches({ duplicates: 4, outOfOrder: 3 });
  const jobs = await Promise.all([1, 2, 3].map((count) => control('/jobs', 'POST', { kind: 'interaction', count })));
  for (const { name } of jobs) {
    await heard.until(({ 'detail-type': type, detail }) => type === 'output.stored' && detail['jobId'] === name);
  }
  await switches({ duplicates: 0, outOfOrder: 0 });

  for (const { name } of jobs) {
    const published = heard.events.filter(
      ({ 'detail-type': type, detail }) => type === 'interaction.completed' && detail['jobId'] === name,
    );
    expect(published).toHaveLength(1);
  }
});

it('appends every event to the events file, as EventBridge delivers it, and as the schemas say', () => {
  const lines = readFileSync(join(run.stateDir, 'events.jsonl'), 'utf8').trim().split('\n');
  const events = lines.map((line) => JSON.parse(line));

  expect(events.length).toBe(heard.events.length);
  for (const event of events) expect([event, faultsOf(schemaOf(event['detail-type']), event)]).toEqual([event, null]);
  expect(events[0]).toMatchObject({ version: '0', source: 'gemini.webhooks', account: '000000000000', resources: [] });
});

// What a busy machine did not get done in the function's time is hidden for four minutes, and then done.
it('has left nothing in any queue', { timeout: 300_000 }, async () => {
  await expect
    .poll(async () => (await run.aws.queueDepths()).filter(({ messages }) => messages > 0), { timeout: 270_000 })
    .toEqual([]);
});
