import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { buildApp } from 'fauxqs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Manifest } from '../../../lambda/events/manifest.ts';
import { S3OutputStore } from '../../../lambda/fetch/output-store.client.ts';
import { answerPreconditions } from '../../../local/aws/s3-preconditions.ts';
import { LIVE } from '../../fakes/fetch-ports.ts';

const MIB = 1024 * 1024;
const app = buildApp({ logger: false });
let client: S3Client;
let store: S3OutputStore;
const requests: string[] = [];

beforeAll(async () => {
  answerPreconditions(app);
  app.addHook('onRequest', async (request) => {
    // By which the emulator looks whether there is an object.
    if (request.method !== 'HEAD') requests.push(`${request.method} ${request.url}`);
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
    project: 'default',
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

const mocks: { restore(): void }[] = [];
afterEach(() => {
  for (const mock of mocks.splice(0)) mock.restore();
});

const refusal = (httpStatusCode: number, name = 'x') =>
  new S3ServiceException({ name, $fault: 'client', $metadata: { httpStatusCode } });

/** A store whose S3 answers as the mock says. */
function mockedStore() {
  const s3 = mockClient(S3Client);
  s3.onAnyCommand().resolves({});
  mocks.push(s3);
  const pauses: number[] = [];
  const wait = async (milliseconds: number) => void pauses.push(milliseconds);
  return { s3, pauses, store: new S3OutputStore(new S3Client({ region: 'us-east-1' }), 'outputs', wait) };
}

it('writes a manifest only where there is none', async () => {
  const { s3, pauses, store: mocked } = mockedStore();
  s3.onAnyCommand().rejects(refusal(412));
  expect(await mocked.writeManifest('k', {} as Manifest)).toBe(false);
  expect(s3.call(0).args[0].input).toMatchObject({
    ...{ Bucket: 'outputs', Key: 'k' },
    ...{ IfNoneMatch: '*', ChecksumAlgorithm: 'SHA256' },
  });

  s3.onAnyCommand().rejects(refusal(403));
  await expect(mocked.writeManifest('k', {} as Manifest)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(pauses).toEqual([]);
  await expect(mocked.readManifest('k')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  await expect(mocked.read('k', LIVE)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });

  const cause = new Error('socket hang up');
  s3.onAnyCommand().rejects(cause);
  const unavailable = { code: 'ERR_STORE_UNAVAILABLE', cause };
  await expect(mocked.writeManifest('k', {} as Manifest)).rejects.toMatchObject(unavailable);
});

it.each([
  ['', LIVE, 'ERR_STORE_UNAVAILABLE'],
  [', when the time of the function has run out', AbortSignal.abort(), 'ERR_FETCH_TIMED_OUT'],
])('reports that S3 broke off an object%s', async (_when, signal, code) => {
  const { s3, store: mocked } = mockedStore();
  async function* broken() {
    yield Buffer.from('beginning');
    throw new Error('aborted');
  }
  s3.on(GetObjectCommand).resolves({ Body: broken() as never });

  const found = await mocked.read('k', signal);

  await expect(found?.chunks[Symbol.asyncIterator]().next()).resolves.toMatchObject({ done: false });
  const reading = async () => {
    for await (const _ of (await mocked.read('k', signal))?.chunks ?? []);
  };
  s3.on(GetObjectCommand).resolves({ Body: broken() as never });
  await expect(reading()).rejects.toMatchObject({ code });
});

it('has S3 asked for nothing by an object that was begun and aborted', async () => {
  const { s3, store: mocked } = mockedStore();

  await mocked.open('k', 'text/plain', LIVE).abort();

  expect(s3.calls()).toEqual([]);
});

it('fails when S3 gives no id for an upload', async () => {
  const { store: mocked } = mockedStore();

  await expect(mocked.open('k', 'text/plain', LIVE).writePart(0, async () => 1)).rejects.toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
  });
});

it('refuses a part beyond those that S3 takes', async () => {
  const { s3, store: mocked } = mockedStore();
  s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });

  await expect(mocked.open('k', 'text/plain', LIVE).writePart(10_000, async () => 1)).rejects.toMatchObject({
    code: 'ERR_OUTPUT_TOO_LARGE',
  });
  expect(s3.commandCalls(UploadPartCommand)).toEqual([]);
});

it('writes a manifest again after a conflict, which says nothing of whether there is one', async () => {
  const { s3, pauses, store: mocked } = mockedStore();
  s3.on(PutObjectCommand).rejectsOnce(refusal(409)).rejectsOnce(refusal(409)).resolvesOnce({}).rejects(refusal(409));

  expect(await mocked.writeManifest('k', {} as Manifest)).toBe(true);
  expect(pauses).toEqual([100, 200]);
  await expect(mocked.writeManifest('k', {} as Manifest)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(pauses).toEqual([100, 200, 100, 200, 400, 800, 1600]);
});

it.each([
  ['in one piece', 10],
  ['in parts', 9 * MIB],
])('leaves an object as it is, and says that it is there: %s', async (what, length) => {
  const key = `batch/once ${what}`;
  const first = store.open(key, 'text/plain', LIVE);
  await first.write(Buffer.from('first'));
  await first.finish();

  const second = store.open(key, 'text/plain', LIVE);
  await second.write(Buffer.alloc(length));

  expect(await second.finish()).toBeUndefined();
  expect((await stored(key)).body.toString()).toBe('first');
  if (length > MIB) expect(requests.at(-2)).toMatch(/^DELETE .*uploadId=/);
});

it('has one winner of two writers at a time, whose object both see', async () => {
  const writers = ['a', 'b'].map(async (text) => {
    const writer = store.open('batch/raced', 'text/plain', LIVE);
    await writer.write(Buffer.from(text));
    return await writer.finish();
  });

  const results = await Promise.all(writers);

  expect(results.filter((result) => result !== undefined)).toHaveLength(1);
  expect((await stored('batch/raced')).body.toString()).toBe(results[0] === undefined ? 'b' : 'a');
});

it('completes an upload again after a conflict, and takes an upload that is unknown then for one that was completed', async () => {
  const { s3, pauses, store: mocked } = mockedStore();
  s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' }).on(UploadPartCommand).resolves({ ETag: 'e' });
  s3.on(CompleteMultipartUploadCommand).rejectsOnce(refusal(409)).rejects(refusal(404, 'NoSuchUpload'));
  const writer = mocked.open('k', 'text/plain', LIVE);
  await writer.write(Buffer.alloc(9 * MIB));

  expect(await writer.finish()).toBeUndefined();
  expect(pauses).toEqual([100]);
});

it('lets S3 compare what it got: the SHA-256 of an object in one piece, the CRC-32 and the size of one in parts', async () => {
  const { s3, store: mocked } = mockedStore();
  s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' }).on(UploadPartCommand).resolves({ ETag: 'e' });
  const small = mocked.open('small', 'text/plain', LIVE);
  await small.write(Buffer.from('123456789'));
  await small.finish();
  const bytes = Buffer.alloc(8 * MIB + 9, '123456789');
  const large = mocked.open('large', 'text/plain', LIVE);
  await large.write(bytes);
  await large.finish();

  // An upload whose id is not known could not be aborted: the time limit ends everything but its beginning.
  const limited = s3.calls().filter(({ args }) => !(args[0] instanceof CreateMultipartUploadCommand));
  expect(limited).toHaveLength(4);
  for (const { args } of limited) expect(args).toEqual([expect.anything(), { abortSignal: LIVE }]);
  // The check values of both algorithms for these nine digits are published.
  const sha256 = 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=';
  expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({
    ...{ IfNoneMatch: '*', ChecksumAlgorithm: 'SHA256', ChecksumSHA256: sha256 },
  });
  expect(s3.commandCalls(CreateMultipartUploadCommand)[0]?.args[0].input).toMatchObject({
    ...{ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' },
  });
  const base64 = (sum: number) => Buffer.from(sum.toString(16).padStart(8, '0'), 'hex').toString('base64');
  const parts = [base64(crc32(bytes.subarray(0, 8 * MIB))), base64(crc32(bytes.subarray(8 * MIB)))];
  expect(s3.commandCalls(UploadPartCommand).map(({ args }) => args[0].input.ChecksumCRC32)).toEqual(parts);
  expect(s3.commandCalls(CompleteMultipartUploadCommand)[0]?.args[0].input).toMatchObject({
    ...{ IfNoneMatch: '*', ChecksumType: 'FULL_OBJECT', ChecksumCRC32: base64(crc32(bytes)) },
    MpuObjectSize: 8 * MIB + 9,
    MultipartUpload: { Parts: parts.map((ChecksumCRC32, at) => ({ PartNumber: at + 1, ETag: 'e', ChecksumCRC32 })) },
  });
});

it('takes parts in whatever order they come, and hashes them in theirs', async () => {
  const bytes = Buffer.concat(['a', 'b', 'c'].map((letter) => Buffer.alloc(8 * MIB, letter))).subarray(0, 20 * MIB);
  const seen: string[] = [];
  const observer = { write: (chunk: Uint8Array) => void seen.push(String.fromCharCode(chunk[0] ?? 0)) };
  const writer = store.open('batch/parts', 'text/plain', LIVE, observer);
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const parts = gates.map(({ promise }, index) =>
    writer.writePart(index, async (buffer) => {
      await promise;
      return bytes.copy(buffer, 0, index * 8 * MIB, (index + 1) * 8 * MIB);
    }),
  );

  for (const index of [2, 0, 1]) {
    gates[index]?.resolve();
    await new Promise(setImmediate);
  }
  await Promise.all(parts);

  expect(await writer.finish()).toEqual({ bytes: 20 * MIB, sha256: createHash('sha256').update(bytes).digest('hex') });
  expect(seen).toEqual(['a', 'b', 'c']);
  expect((await stored('batch/parts')).body.equals(bytes)).toBe(true);
});

it('ends every part when one fails, and leaves no upload', async () => {
  const writer = store.open('batch/broken', 'text/plain', LIVE);
  const broken = new Error('broken');
  const parts = [
    writer.writePart(0, async () => Promise.reject(broken)),
    writer.writePart(1, async (buffer) => buffer.length),
  ];

  expect(await Promise.allSettled(parts)).toEqual([
    { status: 'rejected', reason: broken },
    { status: 'rejected', reason: broken },
  ]);
  await writer.abort();
  expect(requests.at(-1)).toMatch(/^DELETE \/outputs\/batch\/broken\?.*uploadId=/);
});

it('reads an object back, and distinguishes one that is not there from one that cannot be read', async () => {
  const writer = store.open('batch/read', 'text/plain', LIVE);
  await writer.write(Buffer.from('there'));
  await writer.finish();
  const chunks: Uint8Array[] = [];

  const found = await store.read('batch/read', LIVE);
  for await (const chunk of found?.chunks ?? []) chunks.push(chunk);

  expect(found?.bytes).toBe(5);
  expect(Buffer.concat(chunks).toString()).toBe('there');
  expect(await store.read('batch/not-there', LIVE)).toBeUndefined();
  await expect(store.read('batch/read', AbortSignal.abort())).rejects.toMatchObject({ code: 'ERR_FETCH_TIMED_OUT' });
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
