/** What the ledger is asked for: as little as will do, and never a copy that may be old where a decision hangs on it. */
import { BatchGetItemCommand, DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { DynamoDbJobRecords } from '../../../lambda/ledger/job-records.client.ts';
import { DynamoDbJobLedger } from '../../../lambda/ledger/ledger.client.ts';
import { mockClient } from '../../fakes/mock-client.ts';

const mock = mockClient(DynamoDBClient);
const client = new DynamoDBClient({ region: 'us-east-1' });
const ledger = new DynamoDbJobLedger({ client, tableName: 'JobLedger', now: () => new Date(0) });
const QUERY = { state: 'unstored', project: 'acme', jobType: 'video' } as const;

it('reads jobs and cursors consistently, each job once', async () => {
  mock.on(BatchGetItemCommand).resolves({}).on(GetItemCommand).resolves({});
  const job = { project: 'acme', jobType: 'batch' } as const;

  expect(await ledger.find(['abc', 'batches/abc', 'd'].map((jobId) => ({ ...job, jobId })))).toEqual(new Map());
  expect(await ledger.readCursor('acme')).toBeUndefined();

  expect(mock.commandCalls(BatchGetItemCommand).map(({ args }) => args[0].input)).toEqual([
    {
      RequestItems: {
        JobLedger: {
          Keys: [{ id: { S: 'job#acme#batch#abc' } }, { id: { S: 'job#acme#batch#d' } }],
          ConsistentRead: true,
        },
      },
    },
  ]);
  expect(mock.commandCalls(GetItemCommand).map(({ args }) => args[0].input)).toEqual([
    { TableName: 'JobLedger', Key: { id: { S: 'cursor#acme' } }, ConsistentRead: true },
  ]);
});

it('asks each of the eight shards for twice its share of a page, the earliest first', async () => {
  mock.on(QueryCommand).resolves({});

  expect(await ledger.list({ ...QUERY, limit: 100 })).toEqual({ jobs: [], next: undefined });
  expect(await new DynamoDbJobRecords(client, 'JobLedger').list(QUERY)).toEqual([]);

  const asked = mock.commandCalls(QueryCommand).map(({ args }) => args[0].input);
  const shard = (queue: string, more: object) => ({
    ...{ TableName: 'JobLedger', IndexName: 'jobs-by-state' },
    KeyConditionExpression: '#queue = :queue AND #due BETWEEN :since AND :until',
    ExpressionAttributeNames: { '#queue': 'queue', '#due': 'due' },
    ExpressionAttributeValues: { ':queue': { S: queue }, ':since': { N: '0' }, ':until': { N: '9999999999999' } },
    ...more,
  });
  expect(asked).toEqual([
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => shard(`unstored#acme#video#${n}`, { ScanIndexForward: true, Limit: 25 })),
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => shard(`unstored#acme#video#${n}`, { ScanIndexForward: false })),
  ]);
});
