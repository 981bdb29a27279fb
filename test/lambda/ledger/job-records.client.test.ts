/** The ledger as an operator lists it, from what the pipeline wrote there. */
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../../lambda/ledger/facts.ts';
import { DynamoDbJobRecords } from '../../../lambda/ledger/job-records.client.ts';
import { DynamoDbJobLedger } from '../../../lambda/ledger/ledger.client.ts';
import { startTables, type Tables } from '../../fakes/ledger-table.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 14, minute));

let tables: Tables;
let records: DynamoDbJobRecords;
beforeAll(async () => {
  tables = await startTables();
  const { client } = tables;
  const ledger = new DynamoDbJobLedger({ client, tableName: 'JobLedger', now: () => at(59) });
  // So many that they are in several shards.
  for (let minute = 0; minute < 20; minute += 1) {
    const job = { project: 'default', jobType: 'batch', jobId: `batches/job${minute}` } as const;
    const times = { endedAt: at(minute), deliveredAt: at(minute), publishedAt: at(minute) };
    await ledger.record({
      ...{ kind: 'announced', eventType: 'batch.succeeded', webhookId: `msg_${minute}`, origin: 'webhook', ...job },
      ...{ userMetadata: {}, ...times },
    });
    if (minute < 10) {
      const place = { createdAt: undefined, fetchStartedAt: at(minute), manifestKey: 'm' };
      await ledger.record({ kind: 'stored', ...job, ...place, storedAt: at(minute + 1) });
    }
  }
  records = new DynamoDbJobRecords(client, 'JobLedger');
});
afterAll(() => tables.close());

const STORED = { state: 'stored', project: 'default', jobType: 'batch' } as const;
const list = async (query: Partial<Parameters<DynamoDbJobRecords['list']>[0]>) =>
  (await records.list({ ...STORED, ...query })).map(({ jobId }) => Number(jobId.replace('batches/job', '')));

it('has all of a state, newest first, whatever shard they are in', async () => {
  expect(await list({})).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  expect(await list({ state: 'unstored' })).toEqual([19, 18, 17, 16, 15, 14, 13, 12, 11, 10]);
  expect(await list({ jobType: 'video' })).toEqual([]);
});

it('has those between two times, both included, and no more than are wanted', async () => {
  expect(await list({ limit: 3 })).toEqual([9, 8, 7]);
  expect(await list({ until: at(6), limit: 3 })).toEqual([5, 4, 3]);
  expect(await list({ since: at(8) })).toEqual([9, 8, 7]);
  expect(await list({ since: at(3), until: at(5) })).toEqual([4, 3, 2]);
});

describe('a record', () => {
  const JOB = { project: 'acme', jobType: 'video', jobId: 'models/m/operations/x' } as const;

  it('is found in whatever spelling the id is given, and in the projects that are asked for', async () => {
    const item = {
      ...{ id: 'job#acme#video#x', project: 'acme', job_type: 'video', job_id: 'models/m/operations/x' },
      ...{ queue: 'failed#acme#video#1', display_name: 'Nightly', user_metadata: '{"team":"a"}' },
      ...{ closed_at: '2026-11-24T14:30:00.000Z', failed_at: '2026-11-24T14:30:00.000Z' },
    };
    const Item = Object.fromEntries(Object.entries(item).map(([name, S]) => [name, { S }]));
    await tables.client.send(new PutItemCommand({ TableName: 'JobLedger', Item }));

    for (const id of ['x', 'operations/x', 'models/m/operations/x']) {
      expect(await records.find(['default', 'acme'], id)).toMatchObject([
        { ...JOB, state: 'failed', displayName: 'Nightly', userMetadata: { team: 'a' } },
      ]);
    }
    expect(await records.find(['default'], 'x')).toEqual([]);
  });

  it('has no due time, no metadata and no attempts before there are any', async () => {
    const Item = {
      id: { S: 'job#acme#batch#y' },
      job_type: { S: 'batch' },
      project: { S: 'acme' },
      job_id: { S: 'y' },
    };
    await tables.client.send(new PutItemCommand({ TableName: 'JobLedger', Item }));

    expect(await records.find(['acme'], 'y')).toEqual([
      expect.objectContaining({ jobId: 'y', due: undefined, userMetadata: {}, attempts: 0 }),
    ]);
  });

  it.each([
    [undefined, {}],
    ['video.generated', { event_type: { S: 'video.generated' } }],
  ])('that was stripped says nothing but that the job is closed: after %s', async (eventType, more) => {
    const entry = { ...JOB, eventType } as LedgerEntry;
    await records.strip(entry, at(59), 60);

    expect(await records.find(['acme'], 'x')).toEqual([]);
    const Key = { id: { S: 'job#acme#video#x' } };
    expect((await tables.client.send(new GetItemCommand({ TableName: 'JobLedger', Key }))).Item).toEqual({
      ...{ ...Key, project: { S: 'acme' }, job_type: { S: 'video' }, job_id: { S: 'models/m/operations/x' }, ...more },
      ...{ published_at: { S: '2026-11-24T14:59:00.000Z' }, closed_at: { S: '2026-11-24T14:59:00.000Z' } },
      expiration: { N: '1795532400' },
    });
  });
});

it('reads on where a page ends, of each shard, and no more than it must', async () => {
  const { client } = tables;
  const project = 'paged';
  const write = async (shard: number, minute: number) => {
    const text = {
      id: `job#${project}#batch#${shard}-${minute}`,
      project,
      job_type: 'batch',
      job_id: `${shard}-${minute}`,
    };
    const Item = Object.fromEntries(Object.entries(text).map(([name, S]) => [name, { S }]));
    const place = { queue: { S: `stored#${project}#batch#${shard}` }, due: { N: String(at(minute).getTime()) } };
    await client.send(new PutItemCommand({ TableName: 'JobLedger', Item: { ...Item, ...place } }));
  };
  // Of one shard the newest, of another some that are older than any of them but the last.
  for (const minute of [50, 49, 48, 47, 46, 45, 20]) await write(0, minute);
  for (const minute of [40, 30, 10]) await write(5, minute);
  const ids = async (limit?: number) =>
    (await records.list({ state: 'stored', project, jobType: 'batch', ...(limit && { limit }) })).map(
      ({ jobId }) => jobId,
    );
  const all = ['0-50', '0-49', '0-48', '0-47', '0-46', '0-45', '5-40', '5-30', '0-20', '5-10'];

  expect(await ids()).toEqual(all);
  for (const limit of [1, 2, 4, 6, 7, 8, 9, 10, 11]) expect(await ids(limit)).toEqual(all.slice(0, limit));
});
