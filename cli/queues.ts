/** Queues, how much is in them, and how messages are moved without losing one. */
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { FETCHED_JOB_TYPES, type FetchedJobType } from '../lambda/contract.ts';
import { type Deployment, partOf, resourceOf } from './deployment.ts';

const QUEUE = 'AWS::SQS::Queue';

export interface DeadLetterQueue {
  /** `batch`, …, or `undelivered` for what EventBridge could not deliver. */
  readonly name: FetchedJobType | 'undelivered';
  readonly url: string;
}

export function deadLetterQueues(deployment: Deployment): readonly DeadLetterQueue[] {
  return [
    ...FETCHED_JOB_TYPES.map((name) => ({
      name,
      url: resourceOf(deployment, QUEUE, `${partOf(name)}FetcherDeadLetters`),
    })),
    { name: 'undelivered' as const, url: resourceOf(deployment, QUEUE, 'EventBusUndelivered') },
  ];
}

export function fetcherQueue(deployment: Deployment, jobType: FetchedJobType): string {
  return resourceOf(deployment, QUEUE, `${partOf(jobType)}FetcherQueue`);
}

export async function depthOf({ clients }: Deployment, QueueUrl: string): Promise<number> {
  const { Attributes } = await clients.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return (
    Number(Attributes?.['ApproximateNumberOfMessages'] ?? 0) +
    Number(Attributes?.['ApproximateNumberOfMessagesNotVisible'] ?? 0)
  );
}

/** Long enough to send it on; when that fails, it is seen again after this time. */
const HIDDEN_SECONDS = 60;
/** An empty answer may be a coincidence. */
const EMPTY_ANSWERS = 2;

/** @param visibilitySeconds 0 to look only */
export async function* receiveAll(
  { clients }: Deployment,
  QueueUrl: string,
  visibilitySeconds = HIDDEN_SECONDS,
): AsyncGenerator<Message> {
  for (let empty = 0; empty < EMPTY_ANSWERS; ) {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: visibilitySeconds,
        WaitTimeSeconds: 0,
        MessageAttributeNames: ['All'],
      }),
    );
    empty = Messages.length === 0 ? empty + 1 : 0;
    yield* Messages;
    if (visibilitySeconds === 0) return;
  }
}

/** Sent before it is deleted: who dies in between leaves it twice, and fetchers find what is there already. */
export async function move({ clients }: Deployment, message: Message, from: string, to: string): Promise<void> {
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: to, MessageBody: message.Body ?? '' }));
  await clients.sqs.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle: message.ReceiptHandle }));
}
