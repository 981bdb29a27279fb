import { createHash } from 'node:crypto';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { buildApp } from 'fauxqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { S3OutputStore } from '../../../lambda/adapters/s3-output-store.ts';
import type { Manifest } from '../../../lambda/domain/manifest.ts';
import { LIVE } from '../../fakes/fetch-ports.ts';

const MIB = 1024 * 1024;
const app = buildApp({ logger: false });
let client: S3Client;
let store: S3OutputStore;
const requests: string[] = [];

beforeAll(async () => {
  app.addHook('onRequest', async (request) => {
    requests.push(`${request.method} ${request.url}`);
  });
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
  client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  await client.send(new CreateBucketCommand({ Bucket: 'outputs' }));
  store = new S3OutputStore(client, 'outputs');
});

afterAll(async () => {
  client.destroy();
  await app.close();
});

async function stored(Key: string) {
  const { Body, ContentType } = await client.send(new GetObjectCommand({ Bucket: 'outputs', Key }));
  return { body: Buffer.from((await Body?.transformToByteArray()) ?? []), type: ContentType };
}

it.each([
  ['nothing', 0, 1],
  ['less than a part', 100_000, 1],
  ['a whole part', 8 * MIB, 1],
  ['a part and a byte', 8 * MIB + 1, 4],
  ['three parts', 24 * MIB, 5],
])('stores %s, byte for byte, in as few requests as it takes', async (_what, length, calls) => {
  const bytes = Buffer.alloc(length, 'Gemini says: ');
  const key = `batch/${length}`;
  const before = requests.length;

  const writer = store.open(key, 'application/jsonl', LIVE);
  for (let offset = 0; offset < length; offset += 65_537) await writer.write(bytes.subarray(offset, offset + 65_537));
  const result = await writer.finish();

  expect(requests.length - before).toBe(calls);
  expect(result).toEqual({ bytes: length, sha256: createHash('sha256').update(bytes).digest('hex') });
  const { body, type } = await stored(key);
  expect(body.equals(bytes)).toBe(true);
  expect(type).toBe('application/jsonl');
});

it('shows nothing of an upload that was aborted', async () => {
  const writer = store.open('batch/aborted', 'text/plain', LIVE);
  await writer.write(Buffer.alloc(9 * MIB));
  await writer.abort();

  await expect(stored('batch/aborted')).rejects.toMatchObject({ name: 'NoSuchKey' });
  expect(requests.at(-2)).toMatch(/^DELETE \/outputs\/batch\/aborted\?.*uploadId=/);
});

it('has no manifest before one is written, and gives back what was written', async () => {
  const manifest: Manifest = {
    schemaVersion: '1',
    source: 'default',
    outcome: 'stored',
    event: {
      webhookId: 'msg_1',
      type: 'batch.succeeded',
      scheme: 'v1',
      origin: 'webhook',
      occurredAt: '2026-11-24T04:59:00.000Z',
      receivedAt: '2026-11-24T04:59:01.000Z',
    },
    job: {
      ...{ type: 'batch', id: 'batches/a', status: 'succeeded' },
      ...{ model: null, displayName: null, createdAt: null, endedAt: null },
    },
    userMetadata: {},
    usage: null,
    error: null,
    objects: [],
    counts: { objects: 0, bytes: 0, requests: 3 },
    notes: [],
    timings: { startedAt: '2026-11-24T05:00:00.000Z', finishedAt: '2026-11-24T05:00:01.000Z' },
    fetcher: { version: '0.1.0' },
  };

  expect(await store.readManifest('batch/manifest.json')).toBeUndefined();
  expect(await store.writeManifest('batch/manifest.json', manifest)).toBe(true);
  expect(await store.readManifest('batch/manifest.json')).toEqual(manifest);
});

it('writes a manifest only where there is none', async () => {
  const s3 = mockClient(S3Client);
  const mocked = new S3OutputStore(new S3Client({ region: 'us-east-1' }), 'outputs');
  const { S3ServiceException } = await import('@aws-sdk/client-s3');
  const refusal = (httpStatusCode: number) =>
    new S3ServiceException({ name: 'x', $fault: 'client', $metadata: { httpStatusCode } });

  s3.onAnyCommand().rejects(refusal(412));
  expect(await mocked.writeManifest('k', {} as Manifest)).toBe(false);
  expect(s3.call(0).args[0].input).toMatchObject({ Bucket: 'outputs', Key: 'k', IfNoneMatch: '*' });

  s3.onAnyCommand().rejects(refusal(403));
  await expect(mocked.writeManifest('k', {} as Manifest)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  await expect(mocked.readManifest('k')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  s3.restore();
});

it('fails at the end when a part did not arrive', async () => {
  const writer = store.open('other-bucket', 'text/plain', LIVE);
  await writer.write(Buffer.alloc(9 * MIB));
  const broken = new S3OutputStore(client, 'no-such-bucket').open('k', 'text/plain', LIVE);

  await expect(broken.write(Buffer.alloc(9 * MIB))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  await broken.abort();
  await writer.abort();
});

it('stops when the time of the function has run out', async () => {
  const writer = store.open('late', 'text/plain', AbortSignal.abort());
  await writer.write(Buffer.from('x'));

  await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_FETCH_TIMED_OUT' });
});
