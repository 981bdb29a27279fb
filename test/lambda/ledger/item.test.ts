import { expect, it } from 'vitest';
import { toEntry } from '../../../lambda/ledger/item.ts';

const ITEM = {
  ...{
    id: { S: 'job#acme#batch#abc' },
    project: { S: 'acme' },
    job_type: { S: 'batch' },
    job_id: { S: 'batches/abc' },
  },
  ...{ queue: { S: 'unstored#acme#batch#3' }, due: { N: '1795496400000' } },
  ...{ submitted_at: { S: '2026-11-24T01:00:00Z' }, listed_at: { S: '2026-11-24T02:00:00Z' } },
  ...{ created_at: { S: '2026-11-24T03:00:00Z' }, ended_at: { S: '2026-11-24T04:00:00Z' } },
  ...{ delivered_at: { S: '2026-11-24T05:00:00Z' }, published_at: { S: '2026-11-24T06:00:00Z' } },
  ...{ republished_at: { S: '2026-11-24T07:00:00Z' }, fetch_started_at: { S: '2026-11-24T08:00:00Z' } },
  ...{ stored_at: { S: '2026-11-24T09:00:00Z' }, failed_at: { S: '2026-11-24T10:00:00Z' } },
  ...{ next_attempt_at: { S: '2026-11-24T11:00:00Z' }, failing_since: { S: '2026-11-24T12:00:00Z' } },
  ...{ event_type: { S: 'batch.succeeded' }, webhook_id: { S: 'msg_1' }, origin: { S: 'webhook' } },
  ...{ user_metadata: { S: '{"team":"a"}' }, display_name: { S: 'nightly' }, manifest_key: { S: 'p/manifest.json' } },
  ...{ failure_code: { S: 'ERR_OUTPUT_GONE' }, attempts: { N: '3' }, last_code: { S: 'ERR_RATE_LIMITED' } },
};

it('gives back all that an item has of a job', () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 10, 24, hour));

  expect(toEntry(ITEM)).toEqual({
    ...{ project: 'acme', jobType: 'batch', jobId: 'batches/abc', state: 'unstored', due: at(5) },
    ...{
      submittedAt: at(1),
      listedAt: at(2),
      createdAt: at(3),
      endedAt: at(4),
      deliveredAt: at(5),
      publishedAt: at(6),
    },
    ...{ republishedAt: at(7), fetchStartedAt: at(8), storedAt: at(9), failedAt: at(10), nextAttemptAt: at(11) },
    ...{ failingSince: at(12), eventType: 'batch.succeeded', webhookId: 'msg_1', origin: 'webhook' },
    ...{ userMetadata: { team: 'a' }, displayName: 'nightly', manifestKey: 'p/manifest.json' },
    ...{ failureCode: 'ERR_OUTPUT_GONE', attempts: 3, lastCode: 'ERR_RATE_LIMITED' },
  });
});

it('says nothing of what an item does not have', () => {
  const { project, job_type, job_id } = ITEM;

  expect(toEntry({ project, job_type, job_id })).toEqual({
    ...{ project: 'acme', jobType: 'batch', jobId: 'batches/abc', userMetadata: {}, attempts: 0 },
  });
});

it.each(['project', 'job_type', 'job_id'] as const)('takes an item without %s for no job', (name) => {
  const { [name]: _, ...item } = ITEM;

  expect(toEntry(item)).toBeUndefined();
});

it('takes an item of another job type for no job', () => {
  expect(toEntry({ ...ITEM, job_type: { S: 'other' } })).toBeUndefined();
});
