import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { buildApp } from 'fauxqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answerPreconditions } from '../../../local/aws/s3-preconditions.ts';

const app = buildApp({ logger: false });
let client: S3Client;
/** When it is looked whether an object is there. */
let onLook = async () => {};

beforeAll(async () => {
  app.addHook('onRequest', async ({ method }) => {
    if (method === 'HEAD') await onLook();
  });
  answerPreconditions(app);
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1, credentials });
  await client.send(new CreateBucketCommand({ Bucket: 'outputs' }));
});
afterAll(async () => {
  client.destroy();
  await app.close();
});

const put = (Key: string, Body: string, IfNoneMatch?: string) =>
  client.send(new PutObjectCommand({ Bucket: 'outputs', Key, Body, IfNoneMatch }));
async function stored(Key: string): Promise<string | undefined> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'outputs', Key }));
  return await Body?.transformToString();
}
const REFUSED = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } };

it('writes an object under the condition once, and without it again', async () => {
  await put('once', 'first', '*');

  await expect(put('once', 'second', '*')).rejects.toMatchObject(REFUSED);
  expect(await stored('once')).toBe('first');
  await put('once', 'third');
  expect(await stored('once')).toBe('third');
});

it('holds the completion of an upload to the condition', async () => {
  const key = { Bucket: 'outputs', Key: 'large' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(key));
  const { ETag } = await client.send(new UploadPartCommand({ ...key, UploadId, PartNumber: 1, Body: 'part' }));
  await put('large', 'there before');
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };

  const completion = client.send(
    new CompleteMultipartUploadCommand({ ...key, UploadId, MultipartUpload, IfNoneMatch: '*' }),
  );

  await expect(completion).rejects.toMatchObject(REFUSED);
  expect(await stored('large')).toBe('there before');
});

it('has one winner of many writes at once', async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => put('raced', `${index}`, '*')));

  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await stored('raced')).toBe(String(results.findIndex(({ status }) => status === 'fulfilled')));
});

it.each([
  ['CRC-32', { ChecksumCRC32: 'y/Q5Jg==' }],
  ['SHA-256', { ChecksumSHA256: 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=' }],
])('takes a body only with its own %s', async (_what, checksum) => {
  const key = { Bucket: 'outputs', Key: 'checked' };

  await client.send(new PutObjectCommand({ ...key, ...checksum, Body: '123456789' }));
  const other = client.send(new PutObjectCommand({ ...key, ...checksum, Body: '123456780' }));

  await expect(other).rejects.toMatchObject({ name: 'BadDigest', $metadata: { httpStatusCode: 400 } });
  expect(await stored('checked')).toBe('123456789');
});

it('answers a write with 409 while another is under way, and with 412 after it', async () => {
  const held = Promise.withResolvers<void>();
  const isLooking = new Promise<void>((resolve) => {
    onLook = async () => {
      resolve();
      await held.promise;
    };
  });

  const first = put('conflict', 'first', '*');
  await isLooking;
  onLook = async () => {};
  const second = put('conflict', 'second', '*');

  await expect(second).rejects.toMatchObject({
    name: 'ConditionalRequestConflict',
    $metadata: { httpStatusCode: 409 },
  });
  held.resolve();
  await first;
  await expect(put('conflict', 'third', '*')).rejects.toMatchObject(REFUSED);
  expect(await stored('conflict')).toBe('first');
});
