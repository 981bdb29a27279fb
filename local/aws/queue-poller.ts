/** An event source mapping: takes messages from a queue to a function, and away from the queue when it is done. */
import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import type { LambdaFunction } from '../lambda/lambda-function.ts';
import type { InvocationResult } from '../lambda/sandbox.ts';
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
  /** In seconds; asked for each message that is not done. Without it, the queue and the function have decided already. */
  readonly retryDelay?: ((receiptHandle: string) => number | undefined) | undefined;
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
  const { client, queueUrl, queueArn, target, traceOf, retryDelay } = options;
  const event: SQSEvent = { Records: messages.map((message) => toRecord(message, queueArn)) };
  const [cause] = messages.flatMap(({ MessageId = '' }) => traceOf(MessageId) ?? []);
  const failed = failedOf(await target.invoke(event, cause));
  await Promise.all(
    messages.map(async ({ MessageId = '', ReceiptHandle = '' }) => {
      const VisibilityTimeout = retryDelay?.(ReceiptHandle);
      if (failed !== 'all' && !failed.has(MessageId))
        await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
      else if (VisibilityTimeout !== undefined)
        await client.send(new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout }));
    }),
  );
}

function failedOf(result: InvocationResult): ReadonlySet<string> | 'all' {
  if (result.outcome !== 'answered') return 'all';
  const response = BatchResponse.safeParse(result.payload);
  if (!response.success) return 'all';
  return new Set(response.data?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
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
