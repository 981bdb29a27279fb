import { expect, it, vi } from 'vitest';
import { recordJob, subjectOf } from '../../../lambda/app/record-job.ts';

const AT = new Date('2026-11-24T05:00:10.000Z');
const JOB = { schemaVersion: '1', source: 'acme', jobType: 'batch', jobId: 'batches/abc', userMetadata: { team: 'a' } };
const DELIVERY = { ...JOB, webhookId: 'msg_1', type: 'batch.succeeded' };

function bodyOf(source: string, detailType: string, detail: object): string {
  return JSON.stringify({ version: '0', source, 'detail-type': detailType, time: '2026-11-24T05:00:05Z', detail });
}

it('tells the ledger of a job that ended', async () => {
  const tell = vi.fn();
  const detail = {
    ...{ ...DELIVERY, status: 'succeeded', origin: 'webhook', scheme: 'v1', data: {} },
    ...{ occurredAt: '2026-11-24T05:00:00.000Z', receivedAt: '2026-11-24T05:00:03.000Z' },
  };

  expect(await recordJob({ tell }, bodyOf('gemini.webhooks', 'batch.succeeded', detail), AT)).toBe(true);
  expect(tell.mock.calls[0]).toEqual([
    {
      kind: 'announced',
      source: 'acme',
      jobType: 'batch',
      jobId: 'batches/abc',
      webhookId: 'msg_1',
      origin: 'webhook',
      userMetadata: { team: 'a' },
      eventType: 'batch.succeeded',
      endedAt: new Date('2026-11-24T05:00:00.000Z'),
      deliveredAt: new Date('2026-11-24T05:00:03.000Z'),
      publishedAt: AT,
    },
  ]);
});

it('tells it of outputs that landed, and of those that will not', async () => {
  const tell = vi.fn();
  const stored = {
    ...{
      ...DELIVERY,
      status: 'succeeded',
      bucket: 'b',
      prefix: 'p/',
      manifestKey: 'p/manifest.json',
      objectCount: 1,
      bytes: 2,
    },
    ...{ createdAt: null, endedAt: null },
    ...{ fetchStartedAt: '2026-11-24T05:00:06.000Z', landedAt: '2026-11-24T05:00:07.000Z' },
  };
  const failed = {
    ...DELIVERY,
    code: 'ERR_OUTPUT_GONE',
    message: 'm',
    retryable: false,
    bucket: 'b',
    manifestKey: null,
  };

  await recordJob({ tell }, bodyOf('gemini.webhooks', 'output.stored', stored), AT);
  await recordJob({ tell }, bodyOf('gemini.webhooks', 'output.failed', failed), AT);

  const job = { source: 'acme', jobType: 'batch', jobId: 'batches/abc' };
  expect(tell.mock.calls.flat()).toEqual([
    {
      kind: 'landed',
      ...{ ...job, manifestKey: 'p/manifest.json', createdAt: undefined },
      fetchStartedAt: new Date('2026-11-24T05:00:06.000Z'),
      landedAt: new Date('2026-11-24T05:00:07.000Z'),
    },
    {
      kind: 'failed',
      ...{ ...job, code: 'ERR_OUTPUT_GONE', retryable: false, manifestKey: undefined },
      failedAt: new Date('2026-11-24T05:00:05.000Z'),
    },
  ]);
});

it.each([
  ['no JSON', 'x'],
  ['no event', '{}'],
  ['somebody else’s event', bodyOf('aws.s3', 'job.submitted', { ...JOB, submittedAt: '2026-11-24T05:00:00Z' })],
  ['an application that speaks for the pipeline', bodyOf('gemini.applications', 'output.stored', DELIVERY)],
  ['the pipeline that speaks for an application', bodyOf('gemini.webhooks', 'job.submitted', JOB)],
  ['a job without an id', bodyOf('gemini.webhooks', 'batch.succeeded', { ...DELIVERY, jobId: null })],
])('refuses %s', async (_name, body) => {
  const tell = vi.fn();

  expect(await recordJob({ tell }, body, AT)).toBe(false);
  expect(tell).not.toHaveBeenCalled();
});

it('names in the log what an event is about, and of one that makes no sense only its type', () => {
  const submitted = { ...JOB, submittedAt: '2026-11-24T05:00:00.000Z' };

  expect(subjectOf(bodyOf('gemini.applications', 'job.submitted', submitted))).toEqual({
    ...{ type: 'job.submitted', source: 'acme', jobType: 'batch', jobId: 'batches/abc' },
    webhookId: undefined,
  });
  const failed = { code: 'ERR_OUTPUT_GONE', message: 'm', retryable: false, bucket: 'b', manifestKey: null };
  expect(subjectOf(bodyOf('gemini.webhooks', 'output.failed', { ...DELIVERY, ...failed }))).toEqual({
    ...{ type: 'output.failed', source: 'acme', jobType: 'batch', jobId: 'batches/abc', webhookId: 'msg_1' },
  });
  expect(subjectOf(bodyOf('gemini.applications', 'job.submitted', { ...submitted, jobId: '<script>' }))).toEqual({
    type: 'job.submitted',
  });
  expect(subjectOf('no event')).toEqual({});
});
