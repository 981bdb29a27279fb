import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { buildApp } from 'fauxqs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startQueuePoller } from '../../../local/aws/queue-poller.ts';
import type { InvocationResult } from '../../../local/lambda/sandbox.ts';

let app: ReturnType<typeof buildApp>;
let client: SQSClient;
let queueUrl: string;
let deadUrl: string;

beforeEach(async () => {
  app = buildApp({ logger: false });
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
  client = new SQSClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
  const create = async (QueueName: string, Attributes: Record<string, string> = {}) =>
    (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
  deadUrl = await create('dead');
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead',
    maxReceiveCount: 2,
  });
  queueUrl = await create('jobs', { RedrivePolicy, VisibilityTimeout: '0' });
});
afterEach(async () => {
  client.destroy();
  await app.close();
});

const sendAll = (bodies: string[]) =>
  Promise.all(bodies.map((MessageBody) => client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }))));
async function depth(QueueUrl: string): Promise<number> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
  const { Attributes = {} } = await client.send(command);
  return (
    Number(Attributes['ApproximateNumberOfMessages']) + Number(Attributes['ApproximateNumberOfMessagesNotVisible'])
  );
}
function start(
  invoke: (event: SQSEvent) => Promise<InvocationResult>,
  maxConcurrency = 2,
  batchSize = 1,
  retryDelay?: (receiptHandle: string) => number | undefined,
) {
  const target = { invoke: (event: unknown) => invoke(event as SQSEvent) };
  const queueArn = 'arn:aws:sqs:us-east-1:000000000000:jobs';
  const queue = { client, queueUrl, queueArn, batchSize, maxConcurrency };
  return startQueuePoller({ ...queue, target, traceOf: () => undefined, retryDelay });
}
const answered = (payload: unknown): InvocationResult => ({ outcome: 'answered', payload, maxRssKiB: 1 });

it('takes messages to the function in Lambda’s form, and away from the queue when they are done', async () => {
  const records: SQSEvent['Records'] = [];
  await sendAll(['one']);
  const poller = start(async ({ Records }) => {
    records.push(...Records);
    return answered({ batchItemFailures: [] });
  }, 1);

  await expect.poll(() => depth(queueUrl)).toBe(0);
  await poller.close();
  expect(records).toMatchObject([
    {
      ...{ body: 'one', eventSource: 'aws:sqs', awsRegion: 'us-east-1', md5OfBody: 'f97c5d29941bfb1b2fdab0874906ab82' },
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:jobs',
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.stringMatching(/^\d{13}$/) },
    },
  ]);
});

it('takes attributes of a message along', async () => {
  const records: SQSEvent['Records'] = [];
  const MessageAttributes = {
    RULE_ARN: { DataType: 'String', StringValue: 'arn:rule' },
    raw: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
  };
  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'one', MessageAttributes }));
  const poller = start(async ({ Records }) => {
    records.push(...Records);
    return answered(null);
  }, 1);

  await expect.poll(() => depth(queueUrl)).toBe(0);
  await poller.close();
  expect(records[0]?.messageAttributes).toEqual({
    RULE_ARN: { dataType: 'String', stringValue: 'arn:rule', stringListValues: [], binaryListValues: [] },
    raw: { dataType: 'Binary', binaryValue: 'AP8=', stringListValues: [], binaryListValues: [] },
  });
});

it('takes away the messages of a batch that are done, and leaves those that failed', async () => {
  const batches: string[][] = [];
  await sendAll(['good', 'bad']);
  const poller = start(
    async ({ Records }) => {
      batches.push(Records.map(({ body }) => body).toSorted());
      const failed = Records.filter(({ body }) => body === 'bad');
      return answered({ batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) });
    },
    1,
    10,
  );

  await expect.poll(() => depth(deadUrl)).toBe(1);
  await poller.close();
  expect(batches).toEqual([['bad', 'good'], ['bad']]);
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl: deadUrl }));
  expect(Messages).toMatchObject([{ Body: 'bad' }]);
});

it.each([
  [
    'reported as failed',
    async ({ Records }: SQSEvent) => answered({ batchItemFailures: [{ itemIdentifier: Records[0]?.messageId }] }),
  ],
  ['reported under a wrong name', async () => answered({ batchItemFailures: [{ messageId: 'x' }] })],
  ['reported without a name', async () => answered({ batchItemFailures: [{ itemIdentifier: '' }] })],
  ['answered with no report at all', async () => answered('done')],
  ['lost with its function', async () => ({ outcome: 'lost', reason: 'timeout' }) as const],
  ['met by an error', async () => ({ outcome: 'failed', errorType: 'Error' }) as const],
])('leaves a message that was %s, until the queue buries it', async (_what, invoke) => {
  let calls = 0;
  await sendAll(['one']);
  const poller = start(async (event) => {
    calls += 1;
    return await invoke(event);
  });

  await expect.poll(() => depth(deadUrl)).toBe(1);
  await poller.close();
  expect(calls).toBe(2);
  expect(await depth(queueUrl)).toBe(0);
});

it('has no more at work than the limit', async () => {
  let running = 0;
  let most = 0;
  await sendAll(Array.from({ length: 12 }, (_, index) => String(index)));
  const poller = start(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    return answered(null);
  }, 3);

  await expect.poll(() => depth(queueUrl)).toBe(0);
  await poller.close();
  expect(most).toBeLessThanOrEqual(3);
});

it('gives back sooner what failed, if told so', async () => {
  let attempts = 0;
  await sendAll(['bad']);
  const poller = start(
    async ({ Records: [record] }) => {
      attempts += 1;
      const hide = { QueueUrl: queueUrl, ReceiptHandle: record?.receiptHandle, VisibilityTimeout: 600 };
      await client.send(new ChangeMessageVisibilityCommand(hide));
      return { outcome: 'lost', reason: 'exit' };
    },
    1,
    1,
    () => 0,
  );

  await expect.poll(() => depth(deadUrl)).toBe(1);
  await poller.close();
  expect(attempts).toBe(2);
});
