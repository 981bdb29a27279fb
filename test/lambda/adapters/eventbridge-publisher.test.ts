import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { EventBridgePublisher } from '../../../lambda/adapters/eventbridge-publisher.ts';
import type { BusEvent } from '../../../lambda/domain/job-event.ts';

const client = mockClient(EventBridgeClient);
const publisher = new EventBridgePublisher(new EventBridgeClient({ region: 'us-east-1' }), 'the-bus');
const TIME = new Date('2026-11-24T05:00:00Z');
const EVENT: BusEvent = {
  detailType: 'output.stored',
  time: TIME,
  detail: {
    schemaVersion: '1',
    source: 'default',
    jobType: 'batch',
    jobId: 'batches/abc',
    webhookId: 'msg_1',
    type: 'batch.succeeded',
    userMetadata: {},
    displayName: null,
    status: 'succeeded',
    bucket: 'b',
    prefix: 'p/',
    manifestKey: 'p/manifest.json',
    objectCount: 1,
    bytes: 2,
    notes: [],
    createdAt: null,
    endedAt: '2026-11-24T04:59:00.000Z',
    fetchStartedAt: '2026-11-24T05:00:00.000Z',
    landedAt: '2026-11-24T05:00:01.000Z',
  },
};

beforeEach(() => {
  client.reset();
});

it('puts the event on the bus, which sets its time', async () => {
  client.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] });

  await publisher.publish(EVENT);

  expect(client.commandCalls(PutEventsCommand).map(({ args }) => args[0].input)).toEqual([
    {
      Entries: [
        {
          EventBusName: 'the-bus',
          Source: 'gemini.webhooks',
          DetailType: 'output.stored',
          Detail:
            '{"schemaVersion":"1","source":"default","jobType":"batch","jobId":"batches/abc","webhookId":"msg_1","type":"batch.succeeded","userMetadata":{},' +
            '"status":"succeeded","bucket":"b","prefix":"p/","manifestKey":"p/manifest.json","objectCount":1,"bytes":2,"createdAt":null,"endedAt":"2026-11-24T04:59:00.000Z","fetchStartedAt":"2026-11-24T05:00:00.000Z","landedAt":"2026-11-24T05:00:01.000Z"}',
        },
      ],
    },
  ]);
});

it.each([
  ['refuses the entry', { FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] }],
  ['gives no id', { FailedEntryCount: 0, Entries: [{}] }],
  ['answers nothing', {}],
])('fails when the bus %s in spite of its 200', async (_name, output) => {
  client.on(PutEventsCommand).resolves(output);

  await expect(publisher.publish(EVENT)).rejects.toMatchObject({ code: 'ERR_PUBLISH_FAILED' });
});

it('fails when the bus is away', async () => {
  client.on(PutEventsCommand).rejects(new Error('away'));

  await expect(publisher.publish(EVENT)).rejects.toMatchObject({ code: 'ERR_PUBLISH_FAILED' });
});
