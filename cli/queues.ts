/** Queues, how much is in them, and how messages are moved without losing one. */
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { FETCHED_JOB_TYPES, type FetchedJobType } from '../lambda/contract.ts';
import type { Deployment } from './deployment.ts';

export interface DeadLetterQueue {
  /** `batch`, …, `ledger`, or `undelivered` for what EventBridge could not deliver. */
  readonly name: FetchedJobType | 'ledger' | 'undelivered';
  readonly url: string;
}

export function deadLetterQueues({ description }: Deployment): readonly DeadLetterQueue[] {
  return [
    ...FETCHED_JOB_TYPES.map((name) => ({ name, url: description.fetchers[name].deadLettersUrl })),
    { name: 'ledger' as const, url: description.recorder.deadLettersUrl },
    { name: 'undelivered' as const, url: description.undeliveredUrl },
  ];
}

/** Where a message of a dead-letter queue is worked on; undefined when that is no queue of this deployment. */
export function homeOf(
  { description: { fetchers, recorder } }: Deployment,
  { name }: DeadLetterQueue,
  { MessageAttributes }: Message,
): string | undefined {
  if (name === 'ledger') return recorder.queueUrl;
  if (name !== 'undelivered') return fetchers[name].queueUrl;
  // What one rule could not deliver, another one did: only the attributes show who did not get it.
  const target = MessageAttributes?.['TARGET_ARN']?.StringValue;
  const rule = MessageAttributes?.['RULE_ARN']?.StringValue;
  const workers = [recorder, ...Object.values(fetchers)];
  if (target !== undefined) return workers.find(({ queueUrl }) => isQueue(queueUrl, target))?.queueUrl;
  return workers.find(({ ruleArn }) => ruleArn === rule)?.queueUrl;
}

/** `https://sqs.<region>.amazonaws.com/<account>/<name>` and `arn:aws:sqs:<region>:<account>:<name>`. */
function isQueue(url: string, arn: string): boolean {
  return url.split('/').slice(-2).join() === arn.split(':').slice(-2).join();
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
/** Long polling asks all servers of SQS: without it an answer may be empty, and the queue not. */
const WAIT_SECONDS = 2;
/** Even so an empty answer may be a coincidence. */
const EMPTY_ANSWERS = 2;

/** Each message once, also when it is seen again because nobody deleted it. */
export async function* receiveAll(deployment: Deployment, queueUrl: string): AsyncGenerator<Message> {
  const seen = new Set<string | undefined>();
  for (let empty = 0; empty < EMPTY_ANSWERS; ) {
    const messages = await receive(deployment, queueUrl, HIDDEN_SECONDS);
    const fresh = messages.filter(({ MessageId }) => !seen.has(MessageId));
    empty = fresh.length === 0 ? empty + 1 : 0;
    for (const message of fresh) {
      seen.add(message.MessageId);
      yield message;
    }
  }
}

/** Up to ten, which stay visible. */
export async function look(deployment: Deployment, queueUrl: string): Promise<readonly Message[]> {
  return await receive(deployment, queueUrl, 0);
}

async function receive({ clients }: Deployment, QueueUrl: string, VisibilityTimeout: number): Promise<Message[]> {
  const { Messages = [] } = await clients.sqs.send(
    new ReceiveMessageCommand({
      ...{ QueueUrl, VisibilityTimeout },
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: WAIT_SECONDS,
      MessageAttributeNames: ['All'],
    }),
  );
  return Messages;
}

/** Sent before it is deleted: who dies in between leaves it twice, and fetchers find what is there already. */
export async function move({ clients }: Deployment, message: Message, from: string, to: string): Promise<void> {
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: to, MessageBody: message.Body ?? '' }));
  await clients.sqs.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle: message.ReceiptHandle }));
}
