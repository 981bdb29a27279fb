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

beforeAll(async () => {
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
