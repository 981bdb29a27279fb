/** An event source mapping: takes messages from a queue to a function, and away from the queue when it is done. */
import { createHash } from 'node:crypto';
import {
  DeleteMessageCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import type { LambdaFunction } from '../lambda/lambda-function.ts';
import { REGION } from '../template/intrinsics.ts';

const LONG_POLL_SECONDS = 10;
const RETRY_MS = 500;
/** Of one call of SQS; Lambda makes several for a larger batch. */
const MAX_RECEIVED = 10;

/**
 * Nothing to report is a success; a report that cannot be read fails the whole batch.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
const BatchResponse = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish() })
  .nullish();

export interface QueuePollerOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly batchSize: number;
  readonly maxConcurrency: number;
  readonly target: Pick<LambdaFunction, 'invoke'>;
  readonly traceOf: (messageId: string) => string | undefined;
}

export interface QueuePoller {
  close(): Promise<void>;
}

export function startQueuePoller(options: QueuePollerOptions): QueuePoller {
  const stop = new AbortController();
  const loops = Array.from({ length: options.maxConcurrency }, () => poll(options, stop.signal));
  return {
    async close() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}

async function poll(options: QueuePollerOptions, signal: AbortSignal): Promise<void> {
  const { client, queueUrl, batchSize } = options;
  while (!signal.aborted) {
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(batchSize, MAX_RECEIVED),
      WaitTimeSeconds: LONG_POLL_SECONDS,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    try {
      const { Messages = [] } = await client.send(command, { abortSignal: signal });
      if (Messages.length > 0) await handle(options, Messages);
    } catch {
      // The queue is away, or the run ends; messages become visible again by themselves.
      await new Promise((done) => setTimeout(done, signal.aborted ? 0 : RETRY_MS));
    }
  }
}

async function handle(options: QueuePollerOptions, messages: Message[]): Promise<void> {
  const { client, queueUrl, queueArn, target, traceOf } = options;
  const event: SQSEvent = { Records: messages.map((message) => toRecord(message, queueArn)) };
  const [cause] = messages.flatMap(({ MessageId = '' }) => traceOf(MessageId) ?? []);
  const result = await target.invoke(event, cause);
  if (result.outcome !== 'answered') return;
  const response = BatchResponse.safeParse(result.payload);
  if (!response.success) return;
  const failed = new Set(response.data?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
  const done = messages.filter(({ MessageId }) => !failed.has(MessageId ?? ''));
  await Promise.all(
    done.map(({ ReceiptHandle }) => client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }))),
  );
}

function toRecord(message: Message, eventSourceARN: string): SQSRecord {
  const body = message.Body ?? '';
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body,
    attributes: (message.Attributes ?? {}) as unknown as SQSRecord['attributes'],
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, toAttribute(value)]),
    ),
    md5OfBody: createHash('md5').update(body).digest('hex'),
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion: REGION,
  };
}

function toAttribute({ DataType = '', StringValue, BinaryValue }: MessageAttributeValue): SQSMessageAttribute {
  return {
    ...(StringValue !== undefined && { stringValue: StringValue }),
    ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType,
  };
}
