import { BatchGetItemCommand, DynamoDBClient, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, expect, it } from 'vitest';
import { DynamoDbDeliveryRecords } from '../../../lambda/events/idempotency-records.client.ts';
import { mockClient } from '../../fakes/mock-client.ts';

const NOW = new Date(1_780_000_000_000);
const client = mockClient(DynamoDBClient);
const records = new DynamoDbDeliveryRecords(new DynamoDBClient({ region: 'us-east-1' }), 'Deliveries');
beforeEach(() => client.reset());

const item = (id: string, receivedAt: string, more: object = {}) => ({
  ...{ id: { S: id }, status: { S: 'COMPLETED' }, delivery: { S: 'v1#msg#1' }, event_type: { S: 'batch.succeeded' } },
  ...{ job_id: { S: 'batches/abc' }, received_at: { S: receivedAt }, attempts: { N: '2' }, body_sha256: { S: 'ab' } },
  ...{ expiration: { N: '1780000001' }, ...more },
});
const EARLY = item('acme#batch.failed#abc', '2026-05-28T20:00:00.000Z');
const LATE = item('acme#batch.succeeded#abc', '2026-05-28T21:00:00.000Z');
const SHOWN = {
  ...{ id: 'acme#batch.succeeded#abc', project: 'acme', scheme: 'v1', webhookId: 'msg#1', status: 'COMPLETED' },
  ...{ eventType: 'batch.succeeded', jobId: 'batches/abc', receivedAt: '2026-05-28T21:00:00.000Z', attempts: 2 },
};

it('reads by key whatever may have been announced of a job, a hundred keys at a time', async () => {
  client
    .on(BatchGetItemCommand)
    .resolvesOnce({ Responses: { Deliveries: [EARLY] } })
    .resolvesOnce({ Responses: { Deliveries: [LATE] } })
    .resolves({});
  const projects = ['acme', ...Array.from({ length: 9 }, (_, index) => `p${index}`)];

  const found = await records.find(
    { jobId: 'batches/abc', projects, also: ['batch.new_in_2027', 'custom.event'] },
    NOW,
  );

  expect(found).toEqual([SHOWN, expect.objectContaining({ id: 'acme#batch.failed#abc' })]);
  const asked = client.commandCalls(BatchGetItemCommand).map(({ args }) => args[0].input.RequestItems?.['Deliveries']);
  // Of each project 21 ends, three of each of seven kinds, and the two that are not among them.
  expect(asked.map((request) => request?.Keys?.length)).toEqual([100, 100, 30]);
  expect(asked.every((request) => request?.ConsistentRead)).toBe(true);
  const keys = asked.flatMap((request) => request?.Keys ?? []).map(({ id }) => id?.S);
  expect(keys).toEqual(
    expect.arrayContaining([
      ...['acme#batch.succeeded#abc', 'acme#interaction.completed#abc', 'acme#video.generated#abc'],
      ...['acme#batch.expired#abc', 'acme#interaction.requires_action#abc', 'p8#batch.cancelled#abc'],
    ]),
  );
});

it('knows a job by its id without the prefix that Gemini’s page shows, and asks no call for nothing', async () => {
  client.on(BatchGetItemCommand).resolves({});
  const also = ['batch.a_failed', 'batch.b', 'batch.c', 'batch.d'];
  const find = (jobId: string) => records.find({ jobId, projects: ['a', 'b', 'c', 'd'], also }, NOW);

  expect(await find('batches/batch_abc')).toEqual([]);
  expect(await find('models/veo/operations/video_abc')).toEqual([]);

  const asked = client.commandCalls(BatchGetItemCommand).map(({ args }) => args[0].input.RequestItems?.['Deliveries']);
  const keys = asked.map((request) => request?.Keys?.map(({ id }) => id?.S));
  expect(keys.map((list) => list?.length)).toEqual([100, 100]);
  expect(keys[0]).toEqual(expect.arrayContaining(['a#batch.succeeded#abc', 'a#interaction.completed#batch_abc']));
  expect(keys[1]).toEqual(expect.arrayContaining(['a#video.generated#abc', 'a#batch.succeeded#video_abc']));
});

it('shows the newest first, and neither what has expired nor what was stripped', async () => {
  const expired = item('acme#batch.expired#abc', '2026-05-28T22:00:00.000Z', { expiration: { N: '1780000000' } });
  const stripped = { id: { S: 'acme#batch.cancelled#abc' }, expiration: { N: '1780000001' } };
  client.on(ScanCommand).resolves({ Items: [EARLY, expired, stripped, LATE] });

  expect((await records.scan(NOW)).map(({ id }) => id)).toEqual(['acme#batch.succeeded#abc', 'acme#batch.failed#abc']);
  expect(client.commandCalls(ScanCommand).map(({ args }) => args[0].input)).toEqual([{ TableName: 'Deliveries' }]);
});

it('finds a webhook id on any page, and no longer one that ends with it', async () => {
  const start = { id: { S: 'acme#batch.failed#abc' } };
  const longer = item('acme#batch.failed#abc', '2026-05-28T20:00:00.000Z', { delivery: { S: 'v1#other#1' } });
  client
    .on(ScanCommand)
    .resolvesOnce({ Items: [longer], LastEvaluatedKey: start })
    .resolvesOnce({ LastEvaluatedKey: start })
    .resolves({ Items: [item('acme#batch.succeeded#abc', SHOWN.receivedAt, { delivery: { S: 'v1a#1' } })] });

  const found = await records.scan(NOW, '1');

  expect(found).toEqual([{ ...SHOWN, scheme: 'v1a', webhookId: '1' }]);
  const filter = {
    ...{ TableName: 'Deliveries', FilterExpression: 'contains(#delivery, :id)' },
    ...{ ExpressionAttributeNames: { '#delivery': 'delivery' }, ExpressionAttributeValues: { ':id': { S: '#1' } } },
  };
  expect(client.commandCalls(ScanCommand).map(({ args }) => args[0].input)).toEqual([
    filter,
    { ...filter, ExclusiveStartKey: start },
    { ...filter, ExclusiveStartKey: start },
  ]);
});

it('strips a record of all but its key and its end, if there is one', async () => {
  client.on(UpdateItemCommand).resolves({});

  await records.strip('acme#batch.succeeded#abc');

  expect(client.commandCalls(UpdateItemCommand).map(({ args }) => args[0].input)).toEqual([
    {
      TableName: 'Deliveries',
      Key: { id: { S: 'acme#batch.succeeded#abc' } },
      UpdateExpression: 'SET #status = :completed REMOVE #r0, #r1, #r2, #r3, #r4, #r5',
      ConditionExpression: 'attribute_exists(#id)',
      ExpressionAttributeNames: {
        ...{ '#id': 'id', '#status': 'status', '#r0': 'event_type', '#r1': 'job_id', '#r2': 'body_sha256' },
        ...{ '#r3': 'delivery', '#r4': 'received_at', '#r5': 'attempts' },
      },
      ExpressionAttributeValues: { ':completed': { S: 'COMPLETED' } },
    },
  ]);
});
