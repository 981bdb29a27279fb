import { describe, expect, it, vi } from 'vitest';
import type { LedgerFact } from '../../../lambda/ledger/facts.ts';
import { recordJobs } from '../../../lambda/ledger/record-job.ts';
import { TransientError } from '../../../lambda/shared/errors.ts';

const AT = new Date('2026-11-24T05:00:10.000Z');
const JOB = {
  schemaVersion: '1',
  project: 'acme',
  jobType: 'batch',
  jobId: 'batches/abc',
  userMetadata: { team: 'a' },
};
const DELIVERY = { ...JOB, webhookId: 'msg_1', type: 'batch.succeeded' };

/** @returns whether it was recorded, and what was logged */
async function recordJob({ record }: { record: (fact: LedgerFact) => Promise<void> }, body: string, publishedAt: Date) {
  const error = vi.fn();
  const again = await recordJobs({ ledger: { record }, log: { error } }, [{ messageId: 'm1', body, publishedAt }]);
  return { isRecorded: again.length === 0, logged: error.mock.calls[0]?.[1] };
}

function bodyOf(source: string, detailType: string, detail: object): string {
  return JSON.stringify({ version: '0', source, 'detail-type': detailType, time: '2026-11-24T05:00:05Z', detail });
}

it('records a job that ended', async () => {
  const record = vi.fn();
  const detail = {
    ...{ ...DELIVERY, status: 'succeeded', origin: 'webhook', scheme: 'v1', data: {} },
    ...{ occurredAt: '2026-11-24T05:00:00.000Z', receivedAt: '2026-11-24T05:00:03.000Z' },
  };

  expect(await recordJob({ record }, bodyOf('gemini.webhooks', 'batch.succeeded', detail), AT)).toMatchObject({
    isRecorded: true,
  });
  expect(record.mock.calls[0]).toEqual([
    {
      kind: 'announced',
      project: 'acme',
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

it('records outputs that are stored, and those that will not be', async () => {
  const record = vi.fn();
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
    ...{ fetchStartedAt: '2026-11-24T05:00:06.000Z', storedAt: '2026-11-24T05:00:07.000Z' },
  };
  const failed = {
    ...DELIVERY,
    code: 'ERR_OUTPUT_GONE',
    message: 'm',
    retryable: false,
    bucket: 'b',
    manifestKey: null,
  };

  await recordJob({ record }, bodyOf('gemini.webhooks', 'output.stored', stored), AT);
  await recordJob({ record }, bodyOf('gemini.webhooks', 'output.failed', failed), AT);
  const dated = { ...stored, createdAt: '2026-11-24T04:00:00.000Z' };
  await recordJob({ record }, bodyOf('gemini.webhooks', 'output.stored', dated), AT);

  const job = { project: 'acme', jobType: 'batch', jobId: 'batches/abc' };
  expect(record.mock.calls.flat()).toEqual([
    {
      kind: 'stored',
      ...{ ...job, manifestKey: 'p/manifest.json', createdAt: undefined },
      fetchStartedAt: new Date('2026-11-24T05:00:06.000Z'),
      storedAt: new Date('2026-11-24T05:00:07.000Z'),
    },
    {
      kind: 'failed',
      ...{ ...job, code: 'ERR_OUTPUT_GONE', retryable: false, manifestKey: undefined },
      failedAt: new Date('2026-11-24T05:00:05.000Z'),
    },
    expect.objectContaining({ kind: 'stored', createdAt: new Date('2026-11-24T04:00:00.000Z') }),
  ]);
});

it.each([
  ['no JSON', 'x'],
  ['no event', '{}'],
  ['somebody else’s event', bodyOf('aws.s3', 'job.submitted', { ...JOB, submittedAt: '2026-11-24T05:00:00Z' })],
  ['an application that speaks for the pipeline', bodyOf('gemini.applications', 'output.stored', DELIVERY)],
  [
    'an application’s event of another kind',
    bodyOf('gemini.applications', 'job.cancelled', { ...JOB, submittedAt: '2026-11-24T05:00:00Z' }),
  ],
  ['the pipeline that speaks for an application', bodyOf('gemini.webhooks', 'job.submitted', JOB)],
  ['a job without an id', bodyOf('gemini.webhooks', 'batch.succeeded', { ...DELIVERY, jobId: null })],
])('refuses %s', async (_name, body) => {
  const record = vi.fn();

  expect(await recordJob({ record }, body, AT)).toMatchObject({ isRecorded: false });
  expect(record).not.toHaveBeenCalled();
});

it('leaves what is a fault of its own to the runtime', async () => {
  const record = vi.fn().mockRejectedValue(new TypeError('x is undefined'));
  const submitted = { ...JOB, submittedAt: '2026-11-24T05:00:00.000Z' };

  const recorded = recordJob({ record }, bodyOf('gemini.applications', 'job.submitted', submitted), AT);

  await expect(recorded).rejects.toThrow('x is undefined');
});

it('names in the log what an event is about, and of one that makes no sense only its type', async () => {
  const submitted = { ...JOB, submittedAt: '2026-11-24T05:00:00.000Z' };
  const record = vi.fn().mockRejectedValue(new TransientError('ERR_STORE_UNAVAILABLE', 'away'));
  const logged = async (body: string) => (await recordJob({ record }, body, AT)).logged;

  expect(await logged(bodyOf('gemini.applications', 'job.submitted', submitted))).toEqual({
    ...{ messageId: 'm1', type: 'job.submitted', project: 'acme', jobType: 'batch', jobId: 'batches/abc' },
    ...{ webhookId: undefined, code: 'ERR_STORE_UNAVAILABLE', reason: 'away' },
  });
  const failed = { code: 'ERR_OUTPUT_GONE', message: 'm', retryable: false, bucket: 'b', manifestKey: null };
  expect(await logged(bodyOf('gemini.webhooks', 'output.failed', { ...DELIVERY, ...failed }))).toMatchObject({
    ...{ type: 'output.failed', project: 'acme', jobType: 'batch', jobId: 'batches/abc', webhookId: 'msg_1' },
  });
  const invalid = { code: 'ERR_BODY_INVALID', reason: 'It is not an event that the rule would have sent' };
  expect(await logged(bodyOf('gemini.applications', 'job.submitted', { ...submitted, jobId: '<script>' }))).toEqual({
    ...{ messageId: 'm1', type: 'job.submitted' },
    ...invalid,
  });
  expect(await logged('no event')).toEqual({ messageId: 'm1', type: undefined, ...invalid });
});

it('keeps the name of a job, from the application or from the event', async () => {
  const record = vi.fn();
  const submitted = { ...JOB, submittedAt: '2026-11-24T05:00:00.000Z', displayName: 'evals' };
  const ended = {
    ...{ ...DELIVERY, status: 'succeeded', origin: 'webhook', scheme: 'v1', data: {}, displayName: 'evals' },
    ...{ occurredAt: '2026-11-24T05:00:00.000Z', receivedAt: '2026-11-24T05:00:03.000Z' },
  };

  await recordJob({ record }, bodyOf('gemini.applications', 'job.submitted', submitted), AT);
  await recordJob({ record }, bodyOf('gemini.webhooks', 'batch.succeeded', ended), AT);

  expect(record.mock.calls.flat()).toMatchObject([
    { kind: 'submitted', displayName: 'evals' },
    { kind: 'announced', displayName: 'evals' },
  ]);
});

describe('a batch of messages', () => {
  const submitted = (jobId: string) =>
    bodyOf('gemini.applications', 'job.submitted', { ...JOB, jobId, submittedAt: '2026-11-24T05:00:00.000Z' });
  const messages = (...jobIds: string[]) =>
    jobIds.map((jobId, index) => ({ messageId: `m${index}`, body: submitted(jobId), publishedAt: AT }));
  const log = { error: () => {} };

  it('is recorded by job at once, and in order within a job, however its id is spelled', async () => {
    const running: string[] = [];
    const finish: (() => void)[] = [];
    const record = ({ jobId }: LedgerFact) => {
      running.push(jobId);
      return new Promise<void>((done) => finish.push(done));
    };

    const recorded = recordJobs({ ledger: { record }, log }, messages('batches/a', 'b', 'batch_a', 'c', 'a'));
    expect(running).toEqual(['batches/a', 'b', 'c']);
    finish.shift()?.();
    await vi.waitFor(() => expect(running).toEqual(['batches/a', 'b', 'c', 'batch_a']));
    finish[2]?.();
    await vi.waitFor(() => expect(running).toEqual(['batches/a', 'b', 'c', 'batch_a', 'a']));
    for (const done of finish) done();

    expect(await recorded).toEqual([]);
  });

  it('gives back what was not recorded, and only that', async () => {
    const record = async ({ jobId }: LedgerFact) => {
      if (jobId === 'b') throw new TransientError('ERR_STORE_UNAVAILABLE', 'away');
    };
    const events = [...messages('a', 'b', 'c'), { messageId: 'm3', body: 'no event', publishedAt: AT }];

    expect(await recordJobs({ ledger: { record }, log }, events)).toEqual(['m1', 'm3']);
  });
});
