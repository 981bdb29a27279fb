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
  /** `batch`, …, `ledger`, or `undelivered` for what EventBridge could not deliver. */
  readonly name: FetchedJobType | 'ledger' | 'undelivered';
  readonly url: string;
}

export function deadLetterQueues(deployment: Deployment): readonly DeadLetterQueue[] {
  return [
    ...FETCHED_JOB_TYPES.map((name) => ({
      name,
      url: resourceOf(deployment, QUEUE, `${partOf(name)}FetcherDeadLetters`),
    })),
    { name: 'ledger' as const, url: resourceOf(deployment, QUEUE, 'JobLedgerDeadLetters') },
    { name: 'undelivered' as const, url: resourceOf(deployment, QUEUE, 'EventBusUndelivered') },
  ];
}

export function fetcherQueue(deployment: Deployment, jobType: FetchedJobType): string {
  return resourceOf(deployment, QUEUE, `${partOf(jobType)}FetcherQueue`);
}

export function ledgerQueue(deployment: Deployment): string {
  return resourceOf(deployment, QUEUE, 'JobLedgerQueue');
}

/** Where a message of a dead-letter queue is worked on; undefined when that is no queue of this deployment. */
export function homeOf(
  deployment: Deployment,
  { name }: DeadLetterQueue,
  { MessageAttributes }: Message,
): string | undefined {
  if (name === 'ledger') return ledgerQueue(deployment);
  if (name !== 'undelivered') return fetcherQueue(deployment, name);
  // What one rule could not deliver, another one did: only the attributes tell who did not get it.
  const target = MessageAttributes?.['TARGET_ARN']?.StringValue;
  const rule = MessageAttributes?.['RULE_ARN']?.StringValue;
  const queues = [
    { queue: ledgerQueue(deployment), rule: 'EventBusLedgerEvents' },
    ...FETCHED_JOB_TYPES.map((type) => ({
      queue: fetcherQueue(deployment, type),
      rule: `EventBus${partOf(type)}Jobs`,
    })),
  ];
  if (target !== undefined) return queues.find(({ queue }) => isQueue(queue, target))?.queue;
  return queues.find(({ rule: part }) => rule !== undefined && isRule(deployment, part, rule))?.queue;
}

/** `https://sqs.<region>.amazonaws.com/<account>/<name>` and `arn:aws:sqs:<region>:<account>:<name>`. */
function isQueue(url: string, arn: string): boolean {
  return url.split('/').slice(-2).join() === arn.split(':').slice(-2).join();
}

/** CloudFormation knows a rule as its ARN, or on a custom bus as `<bus>|<rule>`; the ARN ends with `<bus>/<rule>`. */
function isRule(deployment: Deployment, part: string, arn: string): boolean {
  const known = resourceOf(deployment, 'AWS::Events::Rule', part);
  return known === arn || arn.endsWith(`/${known.replace('|', '/')}`);
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
