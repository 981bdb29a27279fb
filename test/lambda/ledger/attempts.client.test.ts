import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DynamoDbFetchLedger } from '../../../lambda/ledger/attempts.client.ts';
import { startTables, type Tables } from '../../fakes/ledger-table.ts';

const NOW = new Date('2026-11-24T05:00:00.000Z');
let tables: Tables;
let ledger: DynamoDbFetchLedger;

beforeAll(async () => {
  tables = await startTables();
  ledger = new DynamoDbFetchLedger({ client: tables.client, tableName: 'JobLedger', clock: () => NOW });
});
afterAll(() => tables.close());

const itemOf = async (id: string) =>
  (await tables.client.send(new GetItemCommand({ TableName: 'JobLedger', Key: { id: { S: id } } }))).Item;
const put = (Item: Record<string, { S: string } | { N: string }>) =>
  tables.client.send(new PutItemCommand({ TableName: 'JobLedger', Item }));

it('counts the attempts of a job that the ledger has not heard of, and knows nothing of it', async () => {
  const job = { project: 'acme', jobType: 'batch', jobId: 'batches/batch_abc' } as const;

  const unknown = { isOurs: false, userMetadata: {}, displayName: null };
  expect(await ledger.begin(job, 1)).toEqual({ ...unknown, lastCode: undefined });
  await ledger.postpone(job, 'ERR_JOB_NOT_FOUND', new Date('2026-11-24T05:00:05.000Z'));
  expect(await itemOf('job#acme#batch#abc')).toEqual({
    id: { S: 'job#acme#batch#abc' },
    project: { S: 'acme' },
    job_type: { S: 'batch' },
    job_id: { S: 'batches/batch_abc' },
    // 60 days later, in seconds.
    expiration: { N: '1800680400' },
    attempts: { N: '1' },
    last_code: { S: 'ERR_JOB_NOT_FOUND' },
    next_attempt_at: { S: '2026-11-24T05:00:05.000Z' },
  });

  expect(await ledger.begin(job, 2)).toEqual({ ...unknown, lastCode: 'ERR_JOB_NOT_FOUND' });
  const item = await itemOf('job#acme#batch#abc');
  expect(item?.['attempts']).toEqual({ N: '2' });
  expect(item).not.toHaveProperty('next_attempt_at');
});

it('learns what the application submitted, and leaves what is there as it is', async () => {
  const before = {
    id: { S: 'job#acme#interaction#v1_a' },
    project: { S: 'acme' },
    job_type: { S: 'interaction' },
    job_id: { S: 'v1_a' },
    expiration: { N: '1' },
    submitted_at: { S: '2026-11-24T04:00:00.000Z' },
    user_metadata: { S: '{"job_group":"nightly-eval"}' },
    display_name: { S: 'Nightly' },
    queue: { S: 'unstored#acme#interaction' },
    due: { N: '7' },
  };
  await put(before);

  const known = await ledger.begin({ project: 'acme', jobType: 'interaction', jobId: 'interactions/v1_a' }, 3);

  expect(known).toEqual({
    isOurs: true,
    userMetadata: { job_group: 'nightly-eval' },
    displayName: 'Nightly',
    lastCode: undefined,
  });
  expect(await itemOf('job#acme#interaction#v1_a')).toEqual({ ...before, attempts: { N: '3' } });
});

it('takes a job that the reconciler announced, or that Gemini’s list showed, for one of ours', async () => {
  await put({ id: { S: 'job#acme#batch#announced' }, origin: { S: 'reconciler' } });
  await put({ id: { S: 'job#acme#batch#listed' }, listed_at: { S: '2026-11-24T04:00:00.000Z' } });
  await put({ id: { S: 'job#acme#batch#delivered' }, origin: { S: 'webhook' } });

  const isOurs = async (jobId: string) => (await ledger.begin({ project: 'acme', jobType: 'batch', jobId }, 1)).isOurs;
  expect([await isOurs('batches/announced'), await isOurs('batches/listed')]).toEqual([true, true]);
  expect(await isOurs('batches/delivered')).toBe(false);
});

it('says that the store is away', async () => {
  const client = { send: () => Promise.reject(new Error('ECONNREFUSED')) } as never;
  const away = new DynamoDbFetchLedger({ client, tableName: 'JobLedger', clock: () => NOW });
  const job = { project: 'acme', jobType: 'video', jobId: 'operations/x' } as const;

  for (const call of [away.begin(job, 1), away.postpone(job, 'ERR_RATE_LIMITED', NOW)]) {
    await expect(call).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  }
});
