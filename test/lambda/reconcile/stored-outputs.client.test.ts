import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { beforeEach, expect, it } from 'vitest';
import type { LedgerEntry } from '../../../lambda/ledger/facts.ts';
import { toEntry } from '../../../lambda/ledger/item.ts';
import { S3StoredOutputs } from '../../../lambda/reconcile/stored-outputs.client.ts';
import { mockClient } from '../../fakes/mock-client.ts';

const client = mockClient(S3Client);
const outputs = new S3StoredOutputs(new S3Client({ region: 'us-east-1' }), 'the-bucket');
beforeEach(() => {
  client.reset();
  client.on(ListObjectsV2Command).resolves({});
  client.on(GetObjectCommand).rejects(new NoSuchKey({ message: 'no such key', $metadata: {} }));
});

/** A job whose end came on the 24th. */
function job(jobId: string, more: Partial<LedgerEntry> = {}): LedgerEntry {
  const item = { project: { S: 'acme' }, job_type: { S: 'batch' }, job_id: { S: jobId } };
  const entry = toEntry({ ...item, ended_at: { S: '2026-11-24T05:00:00.000Z' } });
  if (entry === undefined) throw new Error('no entry');
  return { ...entry, ...more };
}

const MANIFEST = {
  schemaVersion: '1',
  outcome: 'stored',
  project: 'acme',
  event: {
    ...{ webhookId: 'msg_1', type: 'batch.succeeded', scheme: 'v1', origin: 'webhook' },
    ...{ occurredAt: '2026-11-24T05:00:00.000Z', receivedAt: '2026-11-24T05:00:01.000Z' },
  },
  job: { type: 'batch', id: 'batches/abc', status: 'succeeded', model: null, createdAt: null, endedAt: null },
  ...{ usage: null, error: null, objects: [], counts: { objects: 0, bytes: 0 }, notes: [] },
  timings: { startedAt: '2026-11-24T05:00:02.000Z', finishedAt: '2026-11-24T05:00:03.000Z', invocations: 1 },
  fetcher: { version: '0.1.0' },
};

function hold(prefix: string, ...statuses: string[]): void {
  const CommonPrefixes = statuses.map((status) => ({ Prefix: `${prefix}${status}/` }));
  client
    .on(ListObjectsV2Command, { Bucket: 'the-bucket', Prefix: prefix, Delimiter: '/' })
    .resolves({ CommonPrefixes });
}
function holdManifest(Key: string): void {
  const Body = { transformToString: async () => JSON.stringify(MANIFEST) } as never;
  client.on(GetObjectCommand, { Bucket: 'the-bucket', Key }).resolves({ Body });
}
const listed = () => client.commandCalls(ListObjectsV2Command).map(({ args }) => args[0].input.Prefix);

it('finds the manifest on the day on which the job was created', async () => {
  hold('batch/project=acme/date=2026-11-22/job=abc/', 'fetch-failed', 'succeeded');
  holdManifest('batch/project=acme/date=2026-11-22/job=abc/fetch-failed/manifest.json');
  holdManifest('batch/project=acme/date=2026-11-22/job=abc/succeeded/manifest.json');

  const found = await outputs.find(job('batches/abc', { createdAt: new Date('2026-11-22T23:59:59.000Z') }));

  expect(found?.key).toBe('batch/project=acme/date=2026-11-22/job=abc/succeeded/manifest.json');
  expect(found?.manifest).toMatchObject({ job: { id: 'batches/abc' } });
  expect(listed()).toEqual(['batch/project=acme/date=2026-11-22/job=abc/']);
});

it.each([
  ['of its end and the three before', {}, ['2026-11-24', '2026-11-23', '2026-11-22', '2026-11-21']],
  [
    'of its submission and those beside it',
    { submittedAt: new Date('2026-11-23T00:00:01.000Z') },
    ['2026-11-23', '2026-11-22', '2026-11-24'],
  ],
  [
    'of its creation alone, whenever it was submitted,',
    { createdAt: new Date('2026-11-22T00:00:01.000Z'), submittedAt: new Date('2026-11-23T00:00:01.000Z') },
    ['2026-11-22'],
  ],
])('looks on the days %s as far as that is known', async (_days, more, dates) => {
  expect(await outputs.find(job('batches/abc', more))).toBeUndefined();

  expect(listed()).toEqual([...dates, 'unknown'].map((date) => `batch/project=acme/date=${date}/job=abc/`));
});

it('looks under the name of the resource, too, when the event spelled the id otherwise', async () => {
  hold('batch/project=acme/date=2026-11-24/job=abc/', 'succeeded');
  holdManifest('batch/project=acme/date=2026-11-24/job=abc/succeeded/manifest.json');

  expect((await outputs.find(job('batches/batch_abc')))?.key).toBe(
    'batch/project=acme/date=2026-11-24/job=abc/succeeded/manifest.json',
  );
});

it('takes objects without a manifest for a fetch that did not end', async () => {
  hold('batch/project=acme/date=2026-11-24/job=abc/', 'succeeded');

  expect(await outputs.find(job('batches/abc'))).toBeUndefined();
});

it('does not say that nothing stored when it could not look', async () => {
  client.on(ListObjectsV2Command).rejects(new Error('AccessDenied'));
  await expect(outputs.find(job('batches/abc'))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });

  client.reset();
  hold('batch/project=acme/date=2026-11-24/job=abc/', 'succeeded');
  client.on(GetObjectCommand).rejects(new Error('AccessDenied'));
  await expect(outputs.find(job('batches/abc'))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
});
