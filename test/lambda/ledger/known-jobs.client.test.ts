import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, expect, it } from 'vitest';
import { findJobIn } from '../../../lambda/ledger/known-jobs.client.ts';
import { mockClient } from '../../fakes/mock-client.ts';

const client = mockClient(DynamoDBClient);
const find = findJobIn(new DynamoDBClient({ region: 'us-east-1' }), 'Ledger');
const JOB = { project: 'acme', jobType: 'batch', jobId: 'batches/batch_abc' } as const;

beforeEach(() => {
  client.reset();
});

it('reads the one item of the job, under the key that the ledger gives it', async () => {
  client.on(GetItemCommand).resolves({});

  expect(await find(JOB)).toBeUndefined();

  expect(client.commandCalls(GetItemCommand)[0]?.args[0].input).toEqual({
    TableName: 'Ledger',
    Key: { id: { S: 'job#acme#batch#abc' } },
    ProjectionExpression: '#0,#1,#2,#3,#4,#5',
    ExpressionAttributeNames: {
      ...{ '#0': 'submitted_at', '#1': 'listed_at', '#2': 'stored_at', '#3': 'origin' },
      ...{ '#4': 'user_metadata', '#5': 'display_name' },
    },
  });
});

it.each([
  ['submitted', { submitted_at: { S: '2026-11-24T05:00:00.000Z' } }],
  ['listed', { listed_at: { S: '2026-11-24T05:00:00.000Z' } }],
  ['stored', { stored_at: { S: '2026-11-24T05:00:00.000Z' } }],
  ['found by the reconciler', { origin: { S: 'reconciler' } }],
])('knows a job that was %s', async (_how, seen) => {
  const announced = { user_metadata: { S: '{"team":"a"}' }, display_name: { S: 'nightly' } };
  client.on(GetItemCommand).resolves({ Item: { ...seen, ...announced } });

  expect(await find(JOB)).toEqual({ userMetadata: { team: 'a' }, displayName: 'nightly' });
});

it('does not know a job of which only a webhook spoke, whatever that said', async () => {
  client.on(GetItemCommand).resolves({
    Item: { origin: { S: 'webhook' }, published_at: { S: '2026' }, user_metadata: { S: '{"team":"a"}' } },
  });

  expect(await find(JOB)).toBeUndefined();
});

it('has empty metadata for what is no object', async () => {
  client.on(GetItemCommand).resolves({ Item: { submitted_at: { S: '2026' }, user_metadata: { S: '[1]' } } });

  expect(await find(JOB)).toEqual({ userMetadata: {}, displayName: undefined });
});

it('fails as a store does that is away, after a second at the latest', async () => {
  client.on(GetItemCommand).rejects(new Error('away'));

  await expect(find(JOB)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  const [, options] = client.commandCalls(GetItemCommand).flatMap(({ args }) => args as readonly unknown[]);
  expect(options).toEqual({ abortSignal: expect.any(AbortSignal) });
});
