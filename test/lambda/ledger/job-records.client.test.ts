/** The ledger as an operator lists it, from what the pipeline wrote there. */
import { afterAll, beforeAll, expect, it } from 'vitest';
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
    await ledger.tell({
      ...{ kind: 'announced', eventType: 'batch.succeeded', webhookId: `msg_${minute}`, origin: 'webhook', ...job },
      ...{ userMetadata: {}, ...times },
    });
    if (minute < 10) {
      const place = { createdAt: undefined, fetchStartedAt: at(minute), manifestKey: 'm' };
      await ledger.tell({ kind: 'stored', ...job, ...place, storedAt: at(minute + 1) });
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
