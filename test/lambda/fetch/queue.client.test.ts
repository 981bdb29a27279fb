import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { SqsJobQueue, toQueuedJob } from '../../../lambda/fetch/queue.client.ts';
import { eventOf } from '../../fakes/fetch-ports.ts';

afterEach(() => {
  vi.useRealTimers();
});

const EVENT = eventOf('batch', 'batches/abc', 'batch.succeeded');
const envelope = (detail: object, more: object = {}) =>
  JSON.stringify({ version: '0', source: 'gemini.webhooks', 'detail-type': 'batch.succeeded', detail, ...more });
const record = (body: string) =>
  ({ body, messageId: 'm-1', receiptHandle: 'r-1', attributes: { ApproximateReceiveCount: '3' } }) as SQSRecord;

it('reads the event that EventBridge put on the queue, replayed ones too', () => {
  const expected = { event: EVENT, messageId: 'm-1', receiveCount: 3 };

  expect(toQueuedJob(record(envelope(EVENT)), 'batch')).toEqual(expected);
  expect(toQueuedJob(record(envelope(EVENT, { 'replay-name': 'r' })), 'batch')).toEqual(expected);
});

it.each([
  ['no JSON', '{'],
  ['no event', '{}'],
  ['of another source', envelope(EVENT, { source: 'other' })],
  ['of another job type', envelope({ ...EVENT, jobType: 'video' })],
  ['without a job', envelope({ ...EVENT, jobId: null })],
])('takes nothing that is %s', (_what, body) => {
  expect(toQueuedJob(record(body), 'batch').event).toBeUndefined();
});

it('delays a message, and leaves it to the queue when that fails', async () => {
  const sqs = mockClient(SQSClient);
  onTestFinished(() => sqs.restore());
  sqs.onAnyCommand().resolves({});
  const queue = new SqsJobQueue(new SQSClient({ region: 'us-east-1' }), 'https://queue');

  await queue.delay(record(''), 40);

  expect(sqs.commandCalls(ChangeMessageVisibilityCommand)[0]?.args[0].input).toEqual({
    QueueUrl: 'https://queue',
    ReceiptHandle: 'r-1',
    VisibilityTimeout: 40,
  });
  sqs.onAnyCommand().rejects(new Error('away'));
  await expect(queue.delay(record(''), 40)).resolves.toBeUndefined();
});

it('hides a message for two minutes, again and again, until it is let go', async () => {
  vi.useFakeTimers();
  const sqs = mockClient(SQSClient);
  onTestFinished(() => sqs.restore());
  const slow = Promise.withResolvers<object>();
  sqs.onAnyCommand().resolves({});
  const queue = new SqsJobQueue(new SQSClient({ region: 'us-east-1' }), 'https://queue');
  const seconds = () =>
    sqs.commandCalls(ChangeMessageVisibilityCommand).map(({ args }) => args[0].input.VisibilityTimeout);

  const release = queue.hold(record(''));
  expect(seconds()).toEqual([120]);
  await vi.advanceTimersByTimeAsync(80_000);
  expect(seconds()).toEqual([120, 120, 120]);

  // The last call may take its time: a delay must not be overtaken by it.
  sqs.onAnyCommand().callsFake(() => slow.promise);
  await vi.advanceTimersByTimeAsync(40_000);
  let isReleased = false;
  const released = release().then(() => {
    isReleased = true;
  });
  await vi.advanceTimersByTimeAsync(1000);
  expect(isReleased).toBe(false);
  slow.resolve({});
  await released;
  await vi.advanceTimersByTimeAsync(80_000);
  expect(seconds()).toEqual([120, 120, 120, 120]);
});
