import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { beforeEach, describe, expect, it } from 'vitest';
import { EventBridgePublisher } from '../../../lambda/events/bus.client.ts';
import type { BusEvent } from '../../../lambda/events/job-event.ts';
import { mockClient } from '../../fakes/mock-client.ts';

const client = mockClient(EventBridgeClient);
const publisher = new EventBridgePublisher(new EventBridgeClient({ region: 'us-east-1' }), 'the-bus');
const TIME = new Date('2026-11-24T05:00:00Z');
const EVENT: BusEvent = {
  detailType: 'output.stored',
  time: TIME,
  detail: {
    schemaVersion: '1',
    project: 'default',
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
    storedAt: '2026-11-24T05:00:01.000Z',
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
            '{"schemaVersion":"1","project":"default","jobType":"batch","jobId":"batches/abc","webhookId":"msg_1","type":"batch.succeeded","userMetadata":{},"displayName":null,' +
            '"status":"succeeded","bucket":"b","prefix":"p/","manifestKey":"p/manifest.json","objectCount":1,"bytes":2,"notes":[],"createdAt":null,"endedAt":"2026-11-24T04:59:00.000Z","fetchStartedAt":"2026-11-24T05:00:00.000Z","storedAt":"2026-11-24T05:00:01.000Z"}',
        },
      ],
    },
  ]);
});

it.each([
  ['refuses the entry', { FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] }],
  ['gives no id', { FailedEntryCount: 0, Entries: [{}] }],
  ['answers nothing', {}],
  ['refuses it, though it counts no failure', { FailedEntryCount: 0, Entries: [{ EventId: 'e', ErrorCode: 'x' }] }],
])('fails when the bus %s in spite of its 200', async (_name, output) => {
  client.on(PutEventsCommand).resolves(output);

  await expect(publisher.publish(EVENT)).rejects.toMatchObject({ code: 'ERR_PUBLISH_FAILED' });
});

it('fails when the bus is away', async () => {
  const cause = new Error('away');
  client.on(PutEventsCommand).rejects(cause);

  await expect(publisher.publish(EVENT)).rejects.toMatchObject({ code: 'ERR_PUBLISH_FAILED', cause });
});

describe('events that come together', () => {
  const numbered = (number: number, size = 0): BusEvent =>
    ({
      ...EVENT,
      detail: { ...EVENT.detail, jobId: String(number), userMetadata: { filler: 'x'.repeat(size) } },
    }) as BusEvent;
  const sent = () =>
    client
      .commandCalls(PutEventsCommand)
      .map(({ args }) => (args[0].input.Entries ?? []).map(({ Detail }) => JSON.parse(Detail ?? '{}').jobId));
  const accept = ({ Entries = [] }: { Entries?: unknown[] }) => ({
    FailedEntryCount: 0,
    Entries: Entries.map((_, index) => ({ EventId: String(index) })),
  });

  it('go in calls of ten, the first at once', async () => {
    client.on(PutEventsCommand).callsFake(accept);

    await Promise.all(Array.from({ length: 22 }, (_, number) => publisher.publish(numbered(number))));

    expect(sent().map((jobs) => jobs.length)).toEqual([1, 10, 10, 1]);
    expect(sent().flat()).toEqual(Array.from({ length: 22 }, (_, number) => String(number)));
  });

  it('have each their own answer', async () => {
    client.on(PutEventsCommand).callsFake(async (input: { Entries?: unknown[] }) => ({
      FailedEntryCount: 1,
      Entries: (input.Entries ?? []).map((_, index) => (index === 1 ? { ErrorCode: 'Throttled' } : { EventId: 'e' })),
    }));

    const results = await Promise.allSettled([0, 1, 2, 3].map((number) => publisher.publish(numbered(number))));

    // The first goes alone; of the other three the second is refused.
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });

  it('fail together when the bus is away, and those after them are tried', async () => {
    client.on(PutEventsCommand).rejectsOnce(new Error('away')).callsFake(accept);

    const first = publisher.publish(numbered(0));
    const results = await Promise.allSettled([1, 2].map((number) => publisher.publish(numbered(number))));
    await expect(first).rejects.toMatchObject({ code: 'ERR_PUBLISH_FAILED' });

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });

  it('are no more in a call than it may hold', async () => {
    client.on(PutEventsCommand).callsFake(accept);

    await Promise.all([1, 2, 3, 4].map((number) => publisher.publish(numbered(number, 500_000))));

    expect(sent()).toEqual([['1'], ['2', '3'], ['4']]);
  });

  it('are ten at most, though the next would be too much for the call as well', async () => {
    client.on(PutEventsCommand).callsFake(accept);

    await Promise.all(Array.from({ length: 22 }, (_, number) => publisher.publish(numbered(number, 90_000))));

    expect(sent().map((jobs) => jobs.length)).toEqual([1, 10, 10, 1]);
  });

  it('go alone when one is more than a call may hold, for the bus to judge', async () => {
    client.on(PutEventsCommand).callsFake(accept);

    await Promise.all([1, 2, 3].map((number) => publisher.publish(numbered(number, number === 2 ? 1_100_000 : 0))));

    expect(sent()).toEqual([['1'], ['2'], ['3']]);
  });

  it('fill a call to the byte, with 256 bytes for what stands beside each', async () => {
    client.on(PutEventsCommand).callsFake(accept);
    const empty = Buffer.byteLength(JSON.stringify(numbered(1).detail));
    // Two of 524,288 bytes are 1 MiB.
    const half = 524_288 - 256 - empty;

    await Promise.all([1, 2, 3].map((number) => publisher.publish(numbered(number, half))));
    await Promise.all([4, 5, 6].map((number) => publisher.publish(numbered(number, number === 6 ? half + 1 : half))));

    expect(sent()).toEqual([['1'], ['2', '3'], ['4'], ['5'], ['6']]);
  });
});
